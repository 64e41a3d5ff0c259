package dev.procdesc.posix.process;

import dev.procdesc.LastClose;
import dev.procdesc.Right;
import dev.procdesc.StateChange;
import dev.procdesc.posix.io.OwnedDescriptor;
import dev.procdesc.posix.io.TestSystem;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.IntConsumer;

/**
 * Operations on a process that ends when the test says so; they limit a descriptor by duplicating
 * it.
 */
class TestOperations extends ProcessOperations {
  final List<Set<Right>> limits = new ArrayList<>();
  final List<Integer> signalled = new ArrayList<>();
  final Queue<StateChange> changes = new ConcurrentLinkedQueue<>();
  IntConsumer taker = fd -> {};
  volatile Outcome outcome = new Outcome.Running();

  TestOperations() {
    super(Task.OBSERVE, new SignalNames("the test", 31, List.of("TERM", "KILL"), Map.of(), 0, -1));
  }

  @Override
  public Outcome collect(int fd) {
    return outcome;
  }

  @Override
  public int signal(int fd, int number) {
    if (number != 0) {
      signalled.add(fd);
    }
    return 0;
  }

  @Override
  public int signalGroup(int fd, int number) {
    signalled.add(fd);
    return 0;
  }

  @Override
  public boolean isGroupOfZombies(long group) {
    return false;
  }

  @Override
  public boolean isSame(int fd, int other) {
    return fd == other;
  }

  @Override
  public Runnable watchStateChanges(OwnedDescriptor descriptor, IntConsumer taker) {
    this.taker = taker;
    return () -> this.taker = fd -> {};
  }

  @Override
  public Optional<StateChange> takeStateChange(int fd) {
    return Optional.ofNullable(changes.poll());
  }

  @Override
  public LastClose lastClose(int fd) {
    return LastClose.RELEASES;
  }

  @Override
  public OptionalInt limit(int fd, Set<Right> rights) {
    limits.add(Set.copyOf(rights));
    return OptionalInt.of(TestSystem.duplicate(fd, 0));
  }
}
