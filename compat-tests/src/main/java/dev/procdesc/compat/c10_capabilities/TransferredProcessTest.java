package dev.procdesc.compat.c10_capabilities;

import static dev.procdesc.compat.support.Liveness.assertAlive;
import static dev.procdesc.compat.support.Liveness.assertDead;
import static dev.procdesc.compat.support.Messages.bytes;
import static dev.procdesc.compat.support.Messages.receive;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.ClosedDescriptorException;
import dev.procdesc.DescriptorChannel;
import dev.procdesc.DescriptorChannel.Message;
import dev.procdesc.ExitStatus;
import dev.procdesc.Feature;
import dev.procdesc.MissingRightException;
import dev.procdesc.Platform;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.Right;
import dev.procdesc.Signal;
import dev.procdesc.StateChange;
import dev.procdesc.Stdio;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Differences;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.ConcurrentCallers;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Poll;
import dev.procdesc.compat.support.RawPipe;
import dev.procdesc.compat.support.Run;
import dev.procdesc.testing.Await;
import dev.procdesc.testing.Timeouts;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Processes that were sent: they live until the last holder closes, and every holder sees them. */
@ExtendWith(LeakCheck.class)
@Tag(Tags.KERNELS)
final class TransferredProcessTest {
  @BeforeEach
  void channels() {
    Requires.feature(Feature.DESCRIPTOR_CHANNEL);
  }

  @Test
  @Contract({"C6", "C10"})
  void whatWasSentOutlivesTheSendersClose() throws Exception {
    try (DescriptorChannel.Pair pair = DescriptorChannel.pair();
        RawPipe pipe = RawPipe.open()) {
      ChildProcess child = Run.spawnStaying(pipe);
      pair.first().send(bytes("x"), child);
      var end = child.onExit();
      child.close();
      assertFalse(end.isDone() && !end.isCompletedExceptionally());
      assertAlive(pipe); // The message in flight holds it.
      Message message = receive(pair.second());
      ProcessDescriptor received = message.descriptors().get(0);
      assertAlive(received);
      ProcessDescriptor copy = received.duplicate();
      message.close();
      assertAlive(copy);
      assertAlive(pipe);
      copy.close();
      assertDead(pipe);
    }
  }

  @Test
  @Contract({"C6", "C10"})
  void theSendersCloseMayBeTheLast() throws Exception {
    try (DescriptorChannel.Pair pair = DescriptorChannel.pair();
        RawPipe pipe = RawPipe.open()) {
      ChildProcess child = Run.spawnStaying(pipe);
      pair.first().send(bytes("x"), child);
      receive(pair.second()).close();
      assertAlive(child);
      assertAlive(pipe);
      child.close();
      assertDead(pipe);
    }
  }

  @Test
  @Contract({"C6", "C10"})
  void whoListensForStateChangesIsNoHolder() throws Exception {
    Requires.feature(Feature.STATE_CHANGES);
    try (DescriptorChannel.Pair pair = DescriptorChannel.pair();
        RawPipe pipe = RawPipe.open()) {
      // Where the kernel kills at the last close, an unprivileged caller needs no_new_privs for it.
      boolean available = Platform.current().has(Feature.NO_NEW_PRIVILEGES);
      ChildProcess child = Run.staying(pipe).noNewPrivileges(available).spawn();
      pipe.given();
      CompletableFuture<StateChange> stopped = new CompletableFuture<>();
      child.onStateChange(stopped::complete);
      assertTrue(child.signal(Signal.STOP));
      assertEquals(
          new StateChange.Stopped(Signal.STOP),
          stopped.get(Timeouts.CEILING.toMillis(), TimeUnit.MILLISECONDS));
      pair.first().send(bytes("x"), child);
      Message message = receive(pair.second());
      child.close();
      assertAlive(pipe);
      message.close();
      assertDead(pipe);
    }
  }

  @Test
  @Contract({"C6", "C10"})
  void whatWasNeverReceivedDiesWithTheSocket() throws Exception {
    Requires.feature(Feature.KILL_ON_JVM_DEATH);
    try (RawPipe pipe = RawPipe.open()) {
      DescriptorChannel.Pair pair = DescriptorChannel.pair();
      ChildProcess child = Run.spawnStaying(pipe);
      pair.first().send(bytes("x"), child);
      child.close();
      assertAlive(pipe);
      pair.close();
      assertDead(pipe);
    }
  }

  @Test
  @Contract({"C6", "C10", "C11"})
  void aWaitDoesNotKeepTheProcessAlive() throws Exception {
    try (RawPipe pipe = RawPipe.open();
        DescriptorChannel.Pair pair = DescriptorChannel.pair();
        ConcurrentCallers<Boolean> waiters = new ConcurrentCallers<>(Thread::new)) {
      ChildProcess child = Run.spawnStaying(pipe);
      pair.first().send(bytes("x"), child);
      try (Message message = receive(pair.second())) {
        ProcessDescriptor received = message.descriptors().get(0);
        child.close();
        waiters.add(() -> {
          assertThrows(ClosedDescriptorException.class, received::waitFor);
          return true;
        });
        waiters.awaitBlocked();
        assertAlive(pipe);
        received.close();
        assertDead(pipe);
        assertEquals(List.of(true), waiters.results());
      }
    }
  }

  @Test
  @Contract({"C6", "C10"})
  void aPollOfTheApplicationHoldsTheDescriptorWhereTheKernelKills() throws Exception {
    // The simulation does not know which calls are in progress.
    Requires.that(!Differences.simulated(), "a kernel that is not simulated");
    try (RawPipe in = RawPipe.open();
        RawPipe out = RawPipe.open();
        RawPipe stop = RawPipe.open();
        DescriptorChannel.Pair pair = DescriptorChannel.pair();
        ConcurrentCallers<Boolean> pollers = new ConcurrentCallers<>(Thread::new)) {
      ChildProcess child =
          Run.cat().stdin(Stdio.descriptor(in.readEnd())).stdout(out.writer()).spawn();
      out.given();
      pair.first().send(bytes("x"), child);
      try (Message message = receive(pair.second())) {
        ProcessDescriptor received = message.descriptors().get(0);
        int fd = received.fd();
        pollers.add(() -> Poll.either(fd, stop.readEnd()));
        pollers.awaitBlocked();
        child.close();
        received.close();
        if (Differences.aPollHoldsTheDescriptor()) {
          in.write("I live\n");
          assertEquals("I live", out.line());
          stop.write("x");
          assertEquals(List.of(true), pollers.results());
        }
        out.awaitEnd();
        stop.write("x");
      }
    }
  }

  @Test
  @Contract({"C4", "C10"})
  void theStatusComesToBothSides() throws Exception {
    try (DescriptorChannel.Pair pair = DescriptorChannel.pair();
        ChildProcess child = Run.sh("read line; exit 44").spawn()) {
      pair.first().send(bytes("x"), child);
      try (Message message = receive(pair.second())) {
        ProcessDescriptor received = message.descriptors().get(0);
        var end = received.onExit();
        child.stdin().close();
        assertEquals(new ExitStatus.Exited(44), Run.end(child));
        ExitStatus status = received.waitFor(Timeouts.CEILING).orElseThrow();
        if (Platform.current().has(Feature.STATUS_FOR_ANY_HOLDER)) {
          assertEquals(new ExitStatus.Exited(44), status);
        }
        assertEquals(status, end.join());
        assertFalse(received.kill());
      }
    }
  }

  @Test
  @Contract("C10")
  void anEndedProcessCanBeSentToo() throws Exception {
    try (DescriptorChannel.Pair pair = DescriptorChannel.pair();
        ChildProcess child = Run.sh("exit 45").spawn()) {
      Run.end(child);
      pair.first().send(bytes("x"), child);
      try (Message message = receive(pair.second())) {
        ProcessDescriptor received = message.descriptors().get(0);
        assertFalse(received.isAlive());
        assertFalse(received.kill());
        if (Platform.current().has(Feature.STATUS_FOR_ANY_HOLDER)) {
          assertEquals(new ExitStatus.Exited(45), received.waitFor());
        }
      }
    }
  }

  /** The model of one process: the number of its holders, and whether it was killed. */
  private static final class Model {
    final RawPipe pipe;
    int holders = 1;
    boolean killed;

    Model(RawPipe pipe) {
      this.pipe = pipe;
    }

    boolean isAlive() {
      return holders > 0 && !killed;
    }

    void check() {
      if (isAlive()) {
        assertAlive(pipe);
      } else {
        assertDead(pipe);
      }
    }
  }

  private record Held(ProcessDescriptor descriptor, Model model, EnumSet<Right> rights) {}

  /** Returns whether a receiver can use a descriptor that has these rights. */
  private static boolean canBeUsed(EnumSet<Right> rights) {
    EnumSet<Right> kernel = EnumSet.of(Right.SIGNAL, Right.WAIT, Right.PID, Right.EVENT);
    return rights.contains(Right.SEND) && rights.stream().anyMatch(kernel::contains);
  }

  /** Returns the rights after a transfer: those of the kernel; a wait needs the event there. */
  private static EnumSet<Right> asReceived(EnumSet<Right> sent) {
    EnumSet<Right> received = sent.clone();
    received.add(Right.SEND);
    received.add(Right.DUPLICATE);
    if (sent.contains(Right.WAIT)) {
      received.add(Right.EVENT);
    }
    return received;
  }

  private static boolean kill(ProcessDescriptor process) {
    try {
      return process.kill();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  @Contract({"C6", "C10", "C11"})
  void anyOrderOfDuplicatesRestrictionsSendsAndCloses(long seed) throws Exception {
    Requires.feature(Feature.KILL_ON_JVM_DEATH);
    Random random = new Random(seed);
    List<Model> models = new ArrayList<>();
    List<Held> held = new ArrayList<>();
    Deque<Held> inFlight = new ArrayDeque<>();
    boolean travel = Platform.current().has(Feature.KERNEL_RIGHTS);
    DescriptorChannel.Pair pair = DescriptorChannel.pair();
    try {
      for (int step = 0; step < 120; step++) {
        if (held.isEmpty() || random.nextInt(12) == 0) {
          Model model = new Model(RawPipe.open());
          models.add(model);
          held.add(new Held(Run.spawnStaying(model.pipe), model, EnumSet.allOf(Right.class)));
        }
        Held one = held.get(random.nextInt(held.size()));
        boolean whole = one.rights.size() == Right.values().length;
        switch (random.nextInt(8)) {
          case 0, 1 -> {
            if (one.rights.contains(Right.DUPLICATE)) {
              held.add(new Held(one.descriptor.duplicate(), one.model, one.rights.clone()));
              one.model.holders++;
            } else {
              assertThrows(MissingRightException.class, one.descriptor::duplicate);
            }
          }
          case 2 -> {
            EnumSet<Right> wanted = EnumSet.allOf(Right.class);
            wanted.removeIf(right -> random.nextInt(3) == 0);
            if (one.rights.contains(Right.DUPLICATE)) {
              ProcessDescriptor weak = one.descriptor.restrict(wanted.toArray(new Right[0]));
              wanted.retainAll(one.rights);
              held.add(new Held(weak, one.model, wanted));
              one.model.holders++;
            } else {
              assertThrows(
                  MissingRightException.class,
                  () -> one.descriptor.restrict(wanted.toArray(new Right[0])));
            }
          }
          case 3 -> {
            if (whole || (travel && canBeUsed(one.rights))) {
              pair.first().send(new byte[] {1}, one.descriptor);
              inFlight.add(new Held(one.descriptor, one.model, asReceived(one.rights)));
              one.model.holders++;
            } else if (!travel || !one.rights.contains(Right.SEND)) {
              assertThrows(
                  RuntimeException.class, () -> pair.first().send(new byte[] {1}, one.descriptor));
            }
          }
          case 4 -> {
            if (!inFlight.isEmpty()) {
              ProcessDescriptor received = receive(pair.second()).descriptors().get(0);
              Held sent = inFlight.remove();
              held.add(new Held(received, sent.model, sent.rights));
            }
          }
          case 5, 6 -> {
            one.descriptor.close();
            held.remove(one);
            one.model.holders--;
          }
          default -> {
            if (one.rights.contains(Right.SIGNAL) && random.nextInt(4) == 0) {
              assertEquals(one.model.isAlive(), one.descriptor.kill());
              one.model.killed = true;
              // A process closes the pipe shortly before it has ended.
              Await.until("the process has ended", () -> !kill(one.descriptor));
              assertDead(one.model.pipe);
              if (one.rights.contains(Right.WAIT)) {
                assertTrue(one.descriptor.waitFor(Timeouts.CEILING).isPresent());
              }
            }
          }
        }
        assertEquals(one.rights, one.descriptor.rights());
        models.forEach(Model::check);
        for (Held each : held) {
          if (each.rights.contains(Right.WAIT) && each.model.isAlive()) {
            assertAlive(each.descriptor);
          }
        }
      }
    } finally {
      held.forEach(each -> each.descriptor.close());
      pair.close();
      models.forEach(model -> model.pipe.awaitEnd());
      models.forEach(model -> model.pipe.close());
    }
  }
}
