package dev.procdesc.posix.process;

import dev.procdesc.Right;
import dev.procdesc.Signal;
import dev.procdesc.StateChange;
import dev.procdesc.posix.io.OwnedDescriptor;
import dev.procdesc.posix.io.TestSystem;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Consumer;

/** Operations on a process that does not end, which limit a descriptor by duplicating it. */
final class TestOperations implements ProcessOperations {
  final List<Set<Right>> limits = new ArrayList<>();
  final List<Integer> signalled = new ArrayList<>();

  @Override
  public boolean reaps() {
    return false;
  }

  @Override
  public Outcome collect(int fd) {
    return new Outcome.Running();
  }

  @Override
  public int signal(int fd, int number) {
    signalled.add(fd);
    return 0;
  }

  @Override
  public int signalGroup(int fd, int number) {
    signalled.add(fd);
    return 0;
  }

  @Override
  public int signalNumber(Signal signal) {
    return 15;
  }

  @Override
  public void watchStateChanges(
      OwnedDescriptor descriptor, Consumer<? super StateChange> listener) {}

  @Override
  public OptionalInt limit(int fd, Set<Right> rights) {
    limits.add(Set.copyOf(rights));
    return OptionalInt.of(TestSystem.duplicate(fd, 0));
  }
}
