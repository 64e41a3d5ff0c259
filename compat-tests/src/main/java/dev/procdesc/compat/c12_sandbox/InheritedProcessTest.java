package dev.procdesc.compat.c12_sandbox;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus;
import dev.procdesc.Feature;
import dev.procdesc.InheritedDescriptors;
import dev.procdesc.OnClose;
import dev.procdesc.Platform;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.Signal;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.ChildJvm;
import dev.procdesc.compat.support.Descriptors;
import dev.procdesc.compat.support.KillableJvm;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Poll;
import dev.procdesc.compat.support.RawPipe;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Scenario;
import dev.procdesc.compat.support.Text;
import dev.procdesc.testing.Timeouts;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.junit.platform.commons.support.ReflectionSupport;

/** A sandboxed worker that inherits a process which dies with its last holder. */
@ExtendWith(LeakCheck.class)
@Tag(Tags.JVM)
final class InheritedProcessTest {
  /** Answers USR1, and ends by itself only if a test has failed, after minutes. */
  private static final String JOB = "trap 'echo signalled >&3' USR1; echo c >&3;"
      + " n=0; while [ $n -lt 3000 ]; do sleep 0.1; n=$((n+1)); done";

  @BeforeEach
  void features() {
    Requires.feature(Feature.KILL_ON_JVM_DEATH);
    Requires.feature(Feature.DESCRIPTOR_ONLY_MODE);
  }

  @ParameterizedTest
  @ValueSource(strings = {"close", "kill", "die"})
  @Contract({"C3", "C4", "C6", "C7", "C10", "C12"})
  void theWorkerHoldsItWhenTheLauncherIsKilled(String end) throws Exception {
    ChildJvm launcher = KillableJvm.cheap(ChildJvm.of(Launcher.class));
    try (KillableJvm jvm = KillableJvm.start(launcher)) {
      jvm.await("adopted", 1);
      jvm.await("c", 1);
      jvm.signal(Signal.KILL);
      assertEquals(-Signal.KILL.number(), jvm.exitCode());
      jvm.order("signal");
      jvm.await("signalled", 1);
      jvm.order(end);
      if (!end.equals("die")) {
        jvm.await("dead", 1);
      }
      jvm.awaitEnd();
    }
  }

  /** Starts a process, and a worker that inherits it. */
  public static final class Launcher implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      RawPipe pulse = RawPipe.open();
      boolean privileges = Platform.current().has(Feature.NO_NEW_PRIVILEGES);
      ChildProcess job = KillableJvm.child(JOB)
          .stdout(pulse.writer())
          .noNewPrivileges(privileges)
          .spawn();
      pulse.given();
      Spawner worker = Spawner.of(KillableJvm.cheap(ChildJvm.of(Worker.class))
              .flag("-XX:-UsePerfData")
              .command())
          .onClose(OnClose.RELEASE)
          .passDescriptor("heart", Stdio.descriptor(KillableJvm.HEART))
          .passDescriptor("leash", Stdio.descriptor(KillableJvm.LEASH))
          .passDescriptor("job", Stdio.process(job))
          .passDescriptor("pulse", Stdio.descriptor(pulse.readEnd()));
      worker.spawn().waitFor(); // Until the test kills this JVM.
    }
  }

  /** Enters the descriptor-only mode, and then adopts the process. */
  public static final class Worker implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      // Loads all classes now, because the mode may refuse to open their files.
      ReflectionSupport.findAllClassesInPackage("dev.procdesc", each -> true, name -> true);
      assertFalse(Descriptors.isCloseOnExec(KillableJvm.HEART));
      Platform.current().enterDescriptorOnlyMode();
      InheritedDescriptors inherited = InheritedDescriptors.take();
      assertTrue(Descriptors.isCloseOnExec(KillableJvm.HEART));
      ProcessDescriptor job = inherited.process("job").orElseThrow();
      int pulse = inherited.fd("pulse").orElseThrow();
      assertTrue(job.isAlive());
      KillableJvm.say("adopted");
      while (true) {
        switch (Text.line(System.in)) {
          case "signal" -> assertTrue(job.signal(Signal.USR1));
          case "close" -> {
            assertTrue(job.isAlive());
            job.close();
            assertEquals(Poll.POLLHUP, Poll.readable(pulse) & Poll.POLLHUP);
            KillableJvm.say("dead");
            return;
          }
          case "kill" -> {
            assertTrue(job.kill());
            ExitStatus status = job.waitFor(Timeouts.CEILING).orElseThrow();
            if (Platform.current().has(Feature.STATUS_FOR_ANY_HOLDER)) {
              assertEquals(Run.signaled(Signal.KILL), status);
            }
            assertFalse(job.isAlive());
            job.close();
            KillableJvm.say("dead");
            return;
          }
          default -> Runtime.getRuntime().halt(0); // Its death is a close.
        }
      }
    }
  }
}
