package dev.procdesc.compat.c02_invisibility;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.Feature;
import dev.procdesc.OnClose;
import dev.procdesc.Platform;
import dev.procdesc.Signal;
import dev.procdesc.Spawner;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Differences;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.ChildJvm;
import dev.procdesc.compat.support.Children;
import dev.procdesc.compat.support.CloneParent;
import dev.procdesc.compat.support.Host;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Scenario;
import dev.procdesc.compat.support.SignalCounter;
import dev.procdesc.testing.Await;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import jnr.constants.platform.Errno;
import jnr.constants.platform.WaitFlags;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Tests what a host program in the same process still notices of the library's children: the rows
 * of the table in docs/porting/04-no-sigchld/README.md.
 */
@ExtendWith(LeakCheck.class)
final class HostViewTest {
  private static final int WNOHANG = WaitFlags.WNOHANG.intValue();

  /** The same number on Linux and FreeBSD. */
  private static final int WUNTRACED = WaitFlags.WUNTRACED.intValue();

  private static final String ORDINARY = "ordinary";

  @ParameterizedTest
  @EnumSource(Row.class)
  @Tag(Tags.JVM)
  @Contract("C2")
  void theHostNotices(Row row) {
    ChildJvm.of(Observer.class, row.name(), "").run();
  }

  @ParameterizedTest
  @EnumSource(Row.class)
  @Tag(Tags.JVM)
  @Contract("C2")
  void theHostNoticesOfAChildThatTheKernelDoesNotReap(Row row) {
    ChildJvm.of(Observer.class, row.name(), ORDINARY).run();
  }

  /** An observation of the host program. */
  enum Row {
    /** A call of waitpid(-1) with WNOHANG while the child runs. */
    WAIT_WITHOUT_BLOCKING,
    /** A call of waitpid(-1) that blocks. */
    WAIT,
    /** A call of waitpid with WUNTRACED while the child is stopped. */
    WAIT_FOR_STOP,
    /** SIGCHLD when the child stops and continues. */
    SIGNAL_AT_STOP,
    /** SIGCHLD when the child ends. */
    SIGNAL_AT_END,
    /** The CPU time of reaped children (times, RUSAGE_CHILDREN). */
    CPU_TIME,
    /** The list of children. */
    LIST,
    /** A signal of the host to its process group. */
    GROUP_SIGNAL
  }

  /** A host program that has no children except one of the library's. */
  public static final class Observer implements Scenario {
    private boolean invisible;
    private Spawner options = Run.cat();

    @Override
    public void run(String... arguments) throws Exception {
      // Some versions of Java reset the disposition of SIGCHLD at the first read of the
      // environment.
      assertNotNull(System.getenv());
      boolean ordinary = arguments[1].equals(ORDINARY);
      invisible = Platform.current().has(Feature.INVISIBLE_CHILDREN)
          && !(ordinary && Differences.autoreapCanBeRefused());
      // A guardian would be another child.
      options = Run.piped(Spawner.of("/bin/cat")).onClose(OnClose.RELEASE).autoreap(!ordinary);
      switch (Row.valueOf(arguments[0])) {
        case WAIT_WITHOUT_BLOCKING -> waitWithoutBlocking();
        case WAIT -> waitForAny();
        case WAIT_FOR_STOP -> waitForStop();
        case SIGNAL_AT_STOP -> signalAtStop();
        case SIGNAL_AT_END -> signalAtEnd();
        case CPU_TIME -> cpuTime();
        case LIST -> list();
        case GROUP_SIGNAL -> groupSignal();
      }
    }

    private static void end(ChildProcess child) throws Exception {
      child.stdin().close();
      assertEquals(new Exited(0), Run.end(child));
      child.stdout().close();
    }

    private static void assertNoChild(long result) {
      assertEquals(Errno.ECHILD, Host.errno());
      assertEquals(-1, result);
    }

    private void waitWithoutBlocking() throws Exception {
      try (ChildProcess child = options.spawn()) {
        Run.assertEchoes(child);
        long result = Host.C.waitpid(-1, new int[1], WNOHANG);
        if (Differences.waitpidSeesLiveChildren()) {
          assertEquals(0, result);
        } else {
          assertNoChild(result);
        }
        end(child);
      }
      Await.until("the child is reaped", () -> Host.C.waitpid(-1, new int[1], WNOHANG) == -1);
      assertEquals(Errno.ECHILD, Host.errno());
    }

    private void waitForAny() throws Exception {
      AtomicBoolean ending = new AtomicBoolean();
      AtomicBoolean endingAtReturn = new AtomicBoolean();
      AtomicReference<Errno> error = new AtomicReference<>();
      CountDownLatch started = new CountDownLatch(1);
      try (ChildProcess child = options.spawn()) {
        Run.assertEchoes(child);
        Thread waiter = new Thread(() -> {
          started.countDown();
          long result = Host.C.waitpid(-1, new int[1], 0);
          endingAtReturn.set(ending.get());
          if (result == -1) {
            error.set(Host.errno());
          }
        });
        waiter.start();
        started.await();
        if (!Differences.waitpidSeesLiveChildren()) {
          waiter.join();
        }
        ending.set(true);
        child.stdin().close();
        waiter.join();
        // Older kernels give the status to the first that waits: to the thread or to the library.
        if (invisible || error.get() != null) {
          assertEquals(Errno.ECHILD, error.get());
        }
        assertEquals(Differences.waitpidSeesLiveChildren(), endingAtReturn.get());
        if (invisible) {
          assertEquals(new Exited(0), Run.end(child));
        } else {
          Run.end(child);
        }
        child.stdout().close();
      }
    }

    private void waitForStop() throws Exception {
      try (ChildProcess child = options.spawn()) {
        Run.assertEchoes(child);
        assertTrue(child.signal(Signal.STOP));
        if (Differences.waitpidSeesLiveChildren()) {
          int[] status = new int[1];
          long pid = Host.check(() -> Host.C.waitpid(-1, status, WUNTRACED));
          assertEquals(child.pid(), pid);
          assertEquals(Signal.STOP.number() << 8 | 0x7f, status[0]);
        } else {
          assertNoChild(Host.C.waitpid(-1, new int[1], WUNTRACED | WNOHANG));
        }
        assertTrue(child.signal(Signal.CONT));
        end(child);
      }
    }

    private void signalAtStop() throws Exception {
      SignalCounter sigchld = SignalCounter.of(jnr.constants.platform.Signal.SIGCHLD);
      try (ChildProcess child = options.spawn()) {
        Run.assertEchoes(child);
        assertEquals(0, sigchld.count());
        assertTrue(child.signal(Signal.STOP));
        Await.until("SIGCHLD reports the stop", () -> sigchld.count() == 1);
        assertTrue(child.signal(Signal.CONT));
        Await.until("SIGCHLD reports the continuation", () -> sigchld.count() == 2);
        end(child);
      }
    }

    private void signalAtEnd() throws Exception {
      SignalCounter sigchld = SignalCounter.of(jnr.constants.platform.Signal.SIGCHLD);
      try (ChildProcess child = options.spawn();
          ChildProcess second = options.spawn()) {
        end(child);
        int expected = invisible ? 0 : 1;
        Await.until("SIGCHLD reports the end", () -> sigchld.count() >= expected);
        assertEquals(expected, sigchld.count());
        // Signals are handled in order, so that one of the end would be counted by now.
        assertTrue(second.signal(Signal.STOP));
        Await.until("SIGCHLD reports a stop", () -> sigchld.count() > expected);
        assertEquals(expected + 1, sigchld.count());
        assertTrue(second.signal(Signal.CONT));
        end(second);
      }
    }

    private static long cpuTimeOfChildren() {
      var times = Host.C.times();
      return times.cutime() + times.cstime();
    }

    private void cpuTime() throws Exception {
      Requires.that(!Differences.simulated(), "children of the host program: not of a simulation");
      long before = cpuTimeOfChildren();
      Spawner busy =
          Run.sh("i=0; while [ $i -lt 300000 ]; do i=$((i + 1)); done").onClose(OnClose.RELEASE);
      try (ChildProcess child = busy.autoreap(invisible).spawn()) {
        end(child);
        if (invisible && Differences.autoreapCanBeRefused()) {
          assertEquals(before, cpuTimeOfChildren());
        } else {
          Await.until("the CPU time is counted", () -> cpuTimeOfChildren() > before);
        }
      }
    }

    private void list() throws Exception {
      Requires.that(!Differences.simulated(), "children of the host program: not of a simulation");
      try (ChildProcess child = options.spawn()) {
        Run.assertEchoes(child);
        long pid = child.pid();
        assertTrue(ProcessHandle.current().children().anyMatch(each -> each.pid() == pid));
        end(child);
        Await.until("the child is reaped", () -> !Children.isThere(pid));
        assertFalse(ProcessHandle.current().children().anyMatch(each -> each.pid() == pid));
      }
    }

    private static void groupSignal() throws Exception {
      // URG, because every other process of the group ignores it.
      Spawner trap = Run.sh("trap 'echo URG; exit 0' URG; echo ready; while :; do :; done")
          .onClose(OnClose.RELEASE);
      try (ChildProcess child = trap.spawn();
          var lines = new BufferedReader(new InputStreamReader(child.stdout(), US_ASCII))) {
        assertEquals("ready", lines.readLine());
        Host.check(() -> Host.C.kill(0, jnr.constants.platform.Signal.SIGURG.intValue()));
        assertEquals("URG", lines.readLine());
        assertEquals(new Exited(0), Run.end(child));
      }
    }
  }

  @ParameterizedTest
  @Tag(Tags.KERNELS)
  @ValueSource(booleans = {true, false})
  @Tag(Tags.JVM)
  @Contract({"C2", "C9"})
  void onlyAChildThatTheKernelReapsCannotStartASibling(boolean autoreap) throws Exception {
    Spawner child = Run.piped(Spawner.of(ChildJvm.of(Sibling.class).command())).autoreap(autoreap);
    boolean refused = autoreap
        && Differences.autoreapCanBeRefused()
        && Platform.current().has(Feature.INVISIBLE_CHILDREN);
    assertEquals(refused ? "EINVAL" : "allowed", Run.output(child).trim());
  }

  /** Tries to start a sibling. */
  public static final class Sibling implements Scenario {
    @Override
    public void run(String... arguments) {
      System.out.println(CloneParent.isAllowed() ? "allowed" : "EINVAL");
    }
  }

  @Test
  @Contract({"C4", "C6"})
  void anOrdinaryChildHasStatusAndKillAsAnyOther() throws Exception {
    Spawner ordinary = Run.ordinary(Run.sh("read line; exit 7").autoreap(false));
    try (ChildProcess child = ordinary.spawn()) {
      child.stdin().close();
      assertEquals(new Exited(7), Run.end(child));
      child.stdout().close();
    }
    Requires.feature(Feature.KILL_ON_JVM_DEATH);
    ChildProcess child = Run.cat().autoreap(false).spawn();
    var end = child.onExit();
    child.close();
    assertEquals(Run.signaled(Signal.KILL), end.join());
  }
}
