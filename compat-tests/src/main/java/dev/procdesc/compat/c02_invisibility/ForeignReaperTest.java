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
import dev.procdesc.compat.support.Await;
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
   * Of a child that somebody else may have reaped: the exact status, or none; never a wrong one.
   */
  private static void assertExactOrUnknown(ExitStatus expected, ExitStatus status) {
    if (Platform.current().has(Feature.STATUS_FOR_ANY_HOLDER)) {
      assertEquals(expected, status);
    } else if (!expected.equals(status)) {
      assertInstanceOf(Unknown.class, status);
    }
  }

  /** Each way in which a child may end, with a thief about. */
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
    ChildJvm.of(Thief.class).run();
  }

  /** A thread of the host program that waits for any child, all the time. */
  public static final class Thief implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      AtomicBoolean done = new AtomicBoolean();
      AtomicInteger stolen = new AtomicInteger();
      Thread thief = new Thread(() -> {
        while (!done.get()) {
          if (Host.C.waitpid(-1, new int[1], 0) > 0) {
            stolen.incrementAndGet();
          }
        }
      });
      thief.start();
      HostChild.start("exit 0");
      Await.until("the thief is at work", () -> stolen.get() > 0);
      int ours;
      try {
        assertStatusesHold();
      } finally {
        ours = stolen.get() - 1;
        done.set(true);
        HostChild.start("exit 0"); // If the thief waits, this ends the wait.
      }
      thief.join();
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

  /** Where a host program waits for any child. */
  enum ReapedBy {
    /** In a thread that does nothing else. */
    THREAD,
    /** In the handler of SIGCHLD. */
    HANDLER
  }

  /** A host program that starts children while the library does, and waits for any child. */
  public static final class Reaper implements Scenario {
    private static final int CHILDREN = 40;

    private final Map<Long, Integer> reaped = new ConcurrentHashMap<>();

    @Override
    public void run(String... arguments) throws Exception {
      // Some versions of Java set the disposition to the default when they first read this.
      assertNotNull(System.getenv());
      boolean inHandler = ReapedBy.valueOf(arguments[0]) == ReapedBy.HANDLER;
      SignalCounter sigchld = SignalCounter.of(jnr.constants.platform.Signal.SIGCHLD, number -> {
        while (inHandler && reap(WNOHANG)) {
          // Several that ended at once may have sent one signal.
        }
      });
      if (!inHandler) {
        Thread reaper = new Thread(() -> {
          while (true) {
            reap(0);
          }
        });
        // It may wait for a process that guards the library's children, until the JVM ends.
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
          "each child of the host is reaped by it",
          () -> reaped.keySet().containsAll(expected.keySet()));
      Await.until("the handler was called", () -> sigchld.count() > 0);
      // Its handler is still there, after all of that.
      int before = sigchld.count();
      long last = HostChild.start("exit 0").pid();
      Await.until("the last child is reaped", () -> reaped.containsKey(last));
      Await.until("the handler is called again", () -> sigchld.count() > before);
      Map<Long, Integer> others = new TreeMap<>(reaped);
      others.keySet().removeAll(expected.keySet());
      others.remove(last);
      reaped.keySet().retainAll(expected.keySet());
      assertEquals(expected, reaped, "each status is the host's");
      if (Platform.current().has(Feature.INVISIBLE_CHILDREN)) {
        assertEquals(Map.of(), others);
      }
    }

    /** Starts children that end in both ways: their statuses, by PID. */
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
      // It is a race with the library, which may win, or win always.
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
    // By the library, because not every shell can ignore SIGCHLD.
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

  /** The kernel reaps every child of such a program by itself. */
  public static final class SigchldIgnored implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      int sigchld = Signal.CHLD.number();
      if (arguments[0].equals("late")) {
        // Some versions of Java set the disposition to the default when they first read this.
        assertNotNull(System.getenv());
        Libc.C.signal(sigchld, Libc.SIG_IGN);
        assertStatusesHold();
        assertEquals(
            Libc.SIG_IGN, Libc.C.signal(sigchld, Libc.SIG_IGN), "it is the host's to decide");
      } else {
        assertStatusesHold();
      }
      // A released child is no zombie here either.
      ChildProcess released = Run.sh("exit 0").onClose(OnClose.RELEASE).spawn();
      long pid = released.pid();
      released.close();
      Await.until("nothing of it is left", () -> !Children.all().containsKey(pid));
    }
  }
}
