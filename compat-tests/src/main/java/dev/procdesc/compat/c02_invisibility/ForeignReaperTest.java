package dev.procdesc.compat.c02_invisibility;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.ExitStatus.Unknown;
import dev.procdesc.Feature;
import dev.procdesc.OnClose;
import dev.procdesc.Platform;
import dev.procdesc.Signal;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Origin;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.ChildJvm;
import dev.procdesc.compat.support.Children;
import dev.procdesc.compat.support.ConcurrentCallers;
import dev.procdesc.compat.support.Host;
import dev.procdesc.compat.support.HostChild;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Libc;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Scenario;
import dev.procdesc.compat.support.SignalCounter;
import dev.procdesc.testing.Await;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import jnr.constants.platform.Errno;
import jnr.constants.platform.WaitFlags;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Tests the status of children that the host program, or a kernel that ignores SIGCHLD, may reap
 * first.
 */
@ExtendWith(LeakCheck.class)
final class ForeignReaperTest {
  private static final int WNOHANG = WaitFlags.WNOHANG.intValue();

  /**
   * Asserts that the status of a child that another thread may have reaped is exact or, where the
   * kernel does not report it to every holder, unknown. It is never a wrong one.
   */
  private static void assertExactOrUnknown(ExitStatus expected, ExitStatus status) {
    if (Platform.current().has(Feature.STATUS_FOR_ANY_HOLDER)) {
      assertEquals(expected, status);
    } else if (!expected.equals(status)) {
      assertInstanceOf(Unknown.class, status);
    }
  }

  /** Ends children by exit, by a signal and by close while another reaper is active. */
  private static void assertStatusesHold() throws Exception {
    for (int i = 0; i < 20; i++) {
      try (ChildProcess child = Run.sh("exit 42").spawn()) {
        assertExactOrUnknown(new Exited(42), Run.end(child));
        assertExactOrUnknown(new Exited(42), child.onExit().join());
      }
      try (ChildProcess child = Run.cat().spawn()) {
        assertTrue(child.signal(Signal.TERM));
        assertExactOrUnknown(Run.signaled(Signal.TERM), Run.end(child));
      }
      ChildProcess closed = Run.cat().spawn();
      var end = closed.onExit();
      closed.close();
      assertExactOrUnknown(Run.signaled(Signal.KILL), end.join());
    }
  }

  @Test
  @Tag(Tags.JVM)
  @Contract({"C2", "C4"})
  @Origin("gap-packages/io: #138 exit status stolen by waitpid(-1)")
  void statusesHoldWhenAnotherThreadReapsEveryChild() {
    ChildJvm.of(ReapingThread.class).run();
  }

  /** Waits for any child in a loop, in a thread of the host program. */
  public static final class ReapingThread implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      AtomicBoolean done = new AtomicBoolean();
      AtomicInteger reaped = new AtomicInteger();
      Thread reaper = new Thread(() -> {
        while (!done.get()) {
          if (Host.C.waitpid(-1, new int[1], 0) > 0) {
            reaped.incrementAndGet();
          }
        }
      });
      reaper.start();
      HostChild.start("exit 0");
      Await.until("the thread has reaped its first child", () -> reaped.get() > 0);
      int ours;
      try {
        assertStatusesHold();
      } finally {
        ours = reaped.get() - 1;
        done.set(true);
        HostChild.start("exit 0"); // Ends the wait that the thread may be blocked in.
      }
      reaper.join();
      if (Platform.current().has(Feature.INVISIBLE_CHILDREN)) {
        assertEquals(0, ours);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(ReapedBy.class)
  @Tag(Tags.JVM)
  @Contract({"C2", "C4"})
  void aHostThatReapsEveryChildReceivesEachOfItsOwn(ReapedBy by) {
    ChildJvm.of(Reaper.class, by.name()).run();
  }

  /** The context in which a host program waits for any child. */
  enum ReapedBy {
    /** A thread that does nothing else. */
    THREAD,
    /** The handler of SIGCHLD. */
    HANDLER
  }

  /** Starts children of the host program while the library does, and waits for any child. */
  public static final class Reaper implements Scenario {
    private static final int CHILDREN = 40;

    private final Map<Long, Integer> reaped = new ConcurrentHashMap<>();

    @Override
    public void run(String... arguments) throws Exception {
      // Some versions of Java reset the disposition of SIGCHLD at the first read of the
      // environment.
      assertNotNull(System.getenv());
      boolean inHandler = ReapedBy.valueOf(arguments[0]) == ReapedBy.HANDLER;
      SignalCounter sigchld = SignalCounter.of(jnr.constants.platform.Signal.SIGCHLD, number -> {
        while (inHandler && reap(WNOHANG)) {
          // Several children that exit at once may raise only one signal.
        }
      });
      if (!inHandler) {
        Thread reaper = new Thread(() -> {
          while (true) {
            reap(0);
          }
        });
        // A daemon, because it may wait for the guardian process until the JVM exits.
        reaper.setDaemon(true);
        reaper.start();
      }
      Map<Long, Integer> expected;
      try (ConcurrentCallers<Map<Long, Integer>> host = new ConcurrentCallers<>(Thread::new)) {
        host.add(Reaper::startChildren);
        assertStatusesHold();
        expected = host.results().get(0);
      }
      Await.until(
          "the host has reaped each of its children",
          () -> reaped.keySet().containsAll(expected.keySet()));
      Await.until("the handler was called", () -> sigchld.count() > 0);
      // The host's handler must still be installed.
      int before = sigchld.count();
      long last = HostChild.start("exit 0").pid();
      Await.until("the last child is reaped", () -> reaped.containsKey(last));
      Await.until("the handler is called again", () -> sigchld.count() > before);
      Map<Long, Integer> others = new TreeMap<>(reaped);
      others.keySet().removeAll(expected.keySet());
      others.remove(last);
      reaped.keySet().retainAll(expected.keySet());
      assertEquals(expected, reaped, "the statuses of the host's children");
      if (Platform.current().has(Feature.INVISIBLE_CHILDREN)) {
        assertEquals(Map.of(), others);
      }
    }

    /** Starts children that exit or are killed, and returns their wait statuses by PID. */
    private static Map<Long, Integer> startChildren() {
      Map<Long, Integer> statuses = new TreeMap<>();
      for (int i = 0; i < CHILDREN; i += 2) {
        statuses.put(HostChild.start("exit " + i).pid(), i << 8);
        statuses.put(HostChild.start("kill -9 $$").pid(), 9);
      }
      return statuses;
    }

    private boolean reap(int options) {
      int[] status = new int[1];
      long pid = Host.C.waitpid(-1, status, options);
      if (pid <= 0) {
        return false;
      }
      reaped.put(pid, status[0]);
      return true;
    }
  }

  @Test
  @Tag(Tags.PIDS)
  @Contract({"C2", "C4"})
  @Origin("capsicum-test: PipePdfork.WaitPidThenPd")
  void statusesHoldWhenWaitpidReapsFirst() throws Exception {
    try (ChildProcess child = Run.sh("read line; exit 24").spawn()) {
      int[] status = new int[1];
      long pid = child.pid();
      child.stdin().close();
      int reaped = Host.C.waitpid(pid, status, 0);
      // The library reaps too, and may win this race every time.
      if (reaped == pid) {
        assertEquals(24 << 8, status[0]);
      } else {
        assertEquals(Errno.ECHILD, Host.errno());
      }
      assertExactOrUnknown(new Exited(24), Run.end(child));
    }
  }

  @Test
  @Contract({"C2", "C4"})
  @Origin("capsicum-test: PipePdfork.WaitPdThenPid")
  void waitpidAfterTheReapFindsNoChild() throws Exception {
    try (ChildProcess child = Run.sh("exit 25").spawn()) {
      assertEquals(new Exited(25), Run.end(child));
      Await.until(
          "the child is reaped", () -> Host.C.waitpid(child.pid(), new int[1], WNOHANG) == -1);
      assertEquals(new Exited(25), child.waitFor());
    }
  }

  @Test
  @Tag(Tags.JVM)
  @Contract({"C2", "C4"})
  @Origin("gdnsd/gdnsd: #243 SIGCHLD ignored")
  void statusesHoldWhenSigchldIsIgnoredFromTheStart() throws Exception {
    Requires.feature(Feature.CHILD_SETUP);
    // The library ignores SIGCHLD here, because not every shell can.
    Spawner jvm = Run.piped(
            Spawner.of(ChildJvm.of(SigchldIgnored.class, "early").command()))
        .ignoredSignals(Signal.CHLD)
        .stderr(Stdio.stdout());
    assertEquals("", Run.output(jvm));
  }

  @Test
  @Tag(Tags.JVM)
  @Contract({"C2", "C4"})
  void statusesHoldWhenSigchldIsIgnoredLater() {
    ChildJvm.of(SigchldIgnored.class, "late").run();
  }

  /** Ignores SIGCHLD, which makes the kernel reap every child. */
  public static final class SigchldIgnored implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      int sigchld = Signal.CHLD.number();
      if (arguments[0].equals("late")) {
        // Some versions of Java reset the disposition of SIGCHLD at the first read of the
        // environment.
        assertNotNull(System.getenv());
        Libc.C.signal(sigchld, Libc.SIG_IGN);
        assertStatusesHold();
        assertEquals(
            Libc.SIG_IGN,
            Libc.C.signal(sigchld, Libc.SIG_IGN),
            "the host's disposition is unchanged");
      } else {
        assertStatusesHold();
      }
      // A released child must not remain as a zombie either.
      ChildProcess released = Run.sh("exit 0").onClose(OnClose.RELEASE).spawn();
      long pid = released.pid();
      released.close();
      Await.until("the released child is reaped", () -> !Children.all().containsKey(pid));
    }
  }
}
