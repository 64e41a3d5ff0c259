package dev.procdesc.compat.c12_sandbox;

import static dev.procdesc.compat.support.Liveness.assertAlive;
import static dev.procdesc.compat.support.Liveness.assertDead;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.DescriptorChannel;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.Feature;
import dev.procdesc.OnClose;
import dev.procdesc.Platform;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.ProcessIdentity;
import dev.procdesc.Signal;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.UnsupportedFeatureException;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Origin;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.ChildJvm;
import dev.procdesc.compat.support.ConcurrentCallers;
import dev.procdesc.compat.support.Host;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Mechanisms;
import dev.procdesc.compat.support.PidCalls;
import dev.procdesc.compat.support.RawPipe;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Scenario;
import dev.procdesc.compat.support.VirtualThreads;
import java.util.List;
import java.util.concurrent.ThreadFactory;
import java.util.stream.Stream;
import jnr.constants.platform.Errno;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Tests the descriptor-only mode, in JVMs that cannot leave it. */
@ExtendWith(LeakCheck.class)
@Tag(Tags.JVM)
final class DescriptorOnlyTest {
  @Test
  @Contract({"C10", "C12"})
  void anUnsupportedModeIsReported() {
    Requires.that(
        !Platform.current().has(Feature.DESCRIPTOR_ONLY_MODE),
        "a system without a descriptor-only mode");
    var thrown = assertThrows(
        UnsupportedFeatureException.class, () -> Platform.current().enterDescriptorOnlyMode());
    assertEquals(Feature.DESCRIPTOR_ONLY_MODE, thrown.feature());
    assertFalse(Platform.current().inDescriptorOnlyMode());
  }

  @Test
  @Contract({"C10", "C12"})
  void everyCallByPidIsRefusedInEveryThread() {
    DescriptorOnlyMode.requireOtherNamesAllowed();
    PidCalls.require();
    ChildJvm.of(Probes.class).run();
  }

  /** Tries every call in the thread that entered, in older and newer ones, and in virtual ones. */
  public static final class Probes implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      try (ChildProcess child = Run.cat().spawn();
          ConcurrentCallers<List<String>> older = new ConcurrentCallers<>(Thread::new);
          RawPipe go = RawPipe.open()) {
        int pid = (int) child.pid();
        assertFalse(PidCalls.allowed(pid).isEmpty(), "the calls work before the mode is entered");
        assertEquals(0, Host.C.kill(pid, 0));
        older.add(() -> {
          go.line();
          return PidCalls.allowed(pid);
        });
        older.awaitBlocked();
        DescriptorOnlyMode.enter();
        go.write("go\n");
        assertEquals(List.of(List.of()), older.results(), "in an older thread");
        assertEquals(List.of(), PidCalls.allowed(pid), "in this thread");
        assertEquals(List.of(), PidCalls.allowed(1));
        assertEquals(List.of(List.of()), in(Thread::new, pid), "in a newer thread");
        if (VirtualThreads.AVAILABLE) {
          assertEquals(List.of(List.of()), in(VirtualThreads.factory(), pid));
        }
        // Calls the C library's functions, as a host program does.
        assertEquals(-1, Host.C.kill(pid, 0));
        assertEquals(Errno.EPERM, Host.errno());
        assertEquals(-1, Host.C.waitpid(-1, new int[1], 1));
        assertEquals(Errno.EPERM, Host.errno());
        var thrown = assertThrows(
            ProcessDescriptorException.class, () -> ProcessDescriptor.open(child.pid()));
        assertEquals(Errno.EPERM.intValue(), thrown.errno());
        if (Platform.current().has(Feature.UNIQUE_IDENTITY)) {
          ProcessIdentity identity = child.identity();
          thrown = assertThrows(
              ProcessDescriptorException.class, () -> ProcessDescriptor.open(identity));
          assertEquals(Errno.EPERM.intValue(), thrown.errno());
        }
        Run.assertEchoes(child);
      }
    }

    private static List<List<String>> in(ThreadFactory factory, int pid) throws Exception {
      try (ConcurrentCallers<List<String>> callers = new ConcurrentCallers<>(factory)) {
        callers.add(() -> PidCalls.allowed(pid));
        return callers.results();
      }
    }
  }

  /**
   * Returns the mechanisms to switch off for each way in which a child identifies itself to the
   * guardian.
   */
  static Stream<String> mechanisms() {
    return Mechanisms.all();
  }

  @ParameterizedTest(name = "without {0}")
  @MethodSource("mechanisms")
  @Contract({"C1", "C4", "C6", "C10", "C12"})
  @Origin("capsicum-test: Pdfork.DaemonUnrestricted")
  void operationsOnDescriptorsContinueToWork(String without) {
    DescriptorOnlyMode.requireOtherNamesAllowed();
    Mechanisms.without(without, ChildJvm.of(Works.class)).run();
  }

  /** Spawns, waits, signals, sends and receives, with an earlier child and with later ones. */
  public static final class Works implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      ChildProcess before = Run.cat().spawn();
      DescriptorOnlyMode.enter();
      Run.assertEchoes(before);
      assertTrue(before.signal(Signal.TERM));
      assertEquals(Run.signaled(Signal.TERM), Run.end(before));
      before.close();
      for (OnClose onClose : new OnClose[] {OnClose.KILL, OnClose.RELEASE}) {
        try (ChildProcess child = Run.cat().onClose(onClose).spawn();
            DescriptorChannel.Pair pair = DescriptorChannel.pair();
            ProcessDescriptor copy = child.duplicate()) {
          Run.assertEchoes(child);
          pair.first().send(new byte[] {1}, copy);
          try (var message = pair.second().receive()) {
            ProcessDescriptor received = message.descriptors().get(0);
            assertAlive(received);
            var end = received.onExit();
            assertTrue(received.kill());
            assertEquals(Run.signaled(Signal.KILL), Run.end(child));
            if (Platform.current().has(Feature.STATUS_FOR_ANY_HOLDER)) {
              assertEquals(Run.signaled(Signal.KILL), end.get());
            }
          }
          child.stdin().close();
          child.stdout().close();
        }
      }
      try (RawPipe pipe = RawPipe.open()) {
        ChildProcess child = Run.sh("exec sleep 1000").stdout(pipe.writer()).spawn();
        pipe.given();
        assertAlive(pipe);
        child.close();
        assertDead(pipe);
      }
      Spawner full = Run.sh("exit 3").newProcessGroup().nice(1);
      try (ChildProcess child = full.stderr(Stdio.inherit()).spawn()) {
        assertEquals(new Exited(3), Run.end(child));
      }
      if (Platform.current().has(Feature.OPEN_PROCESS)) {
        try (ProcessDescriptor self = ProcessDescriptor.self()) {
          assertAlive(self);
        }
      }
    }
  }
}
