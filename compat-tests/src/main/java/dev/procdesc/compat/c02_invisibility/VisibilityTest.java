package dev.procdesc.compat.c02_invisibility;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.Feature;
import dev.procdesc.OnClose;
import dev.procdesc.Signal;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Differences;
import dev.procdesc.compat.Origin;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.ChildJvm;
import dev.procdesc.compat.support.Host;
import dev.procdesc.compat.support.HostChild;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Libc;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Scenario;
import dev.procdesc.compat.support.SignalCounter;
import dev.procdesc.testing.Await;
import java.util.ArrayList;
import java.util.List;
import jnr.constants.platform.Errno;
import jnr.constants.platform.WaitFlags;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Tests that the ends of the library's children are invisible to the host program where the kernel
 * allows it, and that the host's own children and SIGCHLD disposition are undisturbed everywhere.
 */
@ExtendWith(LeakCheck.class)
@Tag(Tags.KERNELS)
final class VisibilityTest {
  private static final int WNOHANG = WaitFlags.WNOHANG.intValue();

  @Test
  @Tag(Tags.JVM)
  @Contract("C2")
  @Origin("capsicum-test: PipePdfork.WildcardWait")
  void waitpidForAnyChildReturnsNoneOfTheLibrarys() {
    Requires.feature(Feature.INVISIBLE_CHILDREN);
    ChildJvm.of(WildcardWait.class).run();
  }

  /** Calls waitpid in a host program that has no children except the library's. */
  public static final class WildcardWait implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      // Released, because a guardian would be another child.
      try (ChildProcess child = Run.cat().onClose(OnClose.RELEASE).spawn()) {
        Run.assertEchoes(child);
        // 0 on Linux, where a call that blocks waits for the end: see HostViewTest.
        long result = Host.C.waitpid(-1, new int[1], WNOHANG);
        assertEquals(Differences.waitpidSeesLiveChildren() ? 0 : -1, result);
        child.stdin().close();
        assertEquals(new Exited(0), Run.end(child));
        assertEquals(-1, Host.C.waitpid(-1, new int[1], WNOHANG));
        assertEquals(Errno.ECHILD, Host.errno());
        child.stdout().close();
      }
    }
  }

  @Test
  @Tag(Tags.JVM)
  @Contract("C2")
  @Origin({"capsicum-test: PipePdfork.NoSigchld", "capsicum-test: PipePdforkDaemon.NoPDSigchld"})
  void noSigchldIsSent() {
    Requires.feature(Feature.INVISIBLE_CHILDREN);
    ChildJvm.of(NoSigchld.class).run();
  }

  /** Counts SIGCHLD. A child of the host program then shows that the counter works. */
  public static final class NoSigchld implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      // Some versions of Java reset the disposition of SIGCHLD at the first read of the
      // environment.
      assertNotNull(System.getenv());
      SignalCounter sigchld = SignalCounter.of(jnr.constants.platform.Signal.SIGCHLD);
      for (OnClose onClose : List.of(OnClose.KILL, OnClose.RELEASE)) {
        try (ChildProcess child = Run.sh("exit 0").onClose(onClose).spawn()) {
          assertEquals(new Exited(0), Run.end(child));
          child.stdin().close();
          child.stdout().close();
        }
      }
      assertEquals(0, sigchld.count());
      try (HostChild own = HostChild.start("exit 3")) {
        assertEquals(3 << 8, own.waitpid());
        Await.until("SIGCHLD is counted", () -> sigchld.count() > 0);
      }
      assertEquals(1, sigchld.count());
    }
  }

  @Test
  @Tag(Tags.PIDS)
  @Contract("C2")
  @Origin("swift-subprocess: does not reap unrelated children")
  void theHostsOwnChildrenKeepTheirStatus() throws Exception {
    // All exit at about the same time, the library's children among the host's.
    List<HostChild> hosts = new ArrayList<>();
    List<ChildProcess> ours = new ArrayList<>();
    try {
      for (int i = 0; i < 30; i++) {
        hosts.add(HostChild.start("exit " + i));
        ours.add(Run.sh("exit $1", "" + (100 + i)).spawn());
      }
      for (int i = 0; i < 30; i++) {
        assertEquals(new Exited(100 + i), Run.end(ours.get(i)));
      }
      for (int i = 0; i < 30; i++) {
        assertEquals(i << 8, hosts.get(i).waitpid());
      }
    } finally {
      ours.forEach(ChildProcess::close);
      hosts.forEach(HostChild::close);
    }
  }

  @Test
  @Tag(Tags.PIDS)
  @Contract("C2")
  void childrenOfProcessBuilderKeepTheirStatus() throws Exception {
    List<Process> others = new ArrayList<>();
    List<ChildProcess> ours = new ArrayList<>();
    try {
      for (int i = 0; i < 30; i++) {
        others.add(new ProcessBuilder("/bin/sh", "-c", "exit " + i).start());
        ours.add(Run.sh("exit $1", "" + (100 + i)).spawn());
      }
      for (int i = 0; i < 30; i++) {
        assertEquals(i, others.get(i).waitFor());
        assertEquals(new Exited(100 + i), Run.end(ours.get(i)));
      }
    } finally {
      ours.forEach(ChildProcess::close);
      for (Process other : others) {
        other.getOutputStream().close();
        other.getInputStream().close();
        other.getErrorStream().close();
      }
    }
  }

  @Test
  @Tag(Tags.PIDS)
  @Contract("C2")
  @Origin("swift-subprocess: #125 waitid(P_ALL) hang with foreign children")
  void anUnreapedHostChildDelaysNothing() throws Exception {
    try (HostChild zombie = HostChild.start("exit 5");
        ChildProcess child = Run.cat().spawn()) {
      child.stdin().close();
      assertEquals(new Exited(0), Run.end(child));
      assertEquals(5 << 8, zombie.waitpid());
    }
  }

  @Test
  @Contract("C2")
  void theHostsSigchldDispositionIsUnchanged() throws Exception {
    int sigchld = Signal.CHLD.number();
    long before = Libc.C.signal(sigchld, Libc.SIG_DFL);
    try {
      assertEquals("", Run.output(Run.sh("exit 0")));
      assertEquals(Libc.SIG_DFL, Libc.C.signal(sigchld, Libc.SIG_DFL));
    } finally {
      Libc.C.signal(sigchld, before);
    }
  }
}
