package dev.procdesc.compat.c09_start;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.Feature;
import dev.procdesc.Limit;
import dev.procdesc.Resource;
import dev.procdesc.Signal;
import dev.procdesc.Spawner;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Differences;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.ChildJvm;
import dev.procdesc.compat.support.Host;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Libc;
import dev.procdesc.compat.support.ProcFs;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Scenario;
import dev.procdesc.compat.support.Text;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import jnr.ffi.Pointer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Tests the session, process group, signals, umask, limits and nice value of a child. */
@ExtendWith(LeakCheck.class)
final class OptionsTest {
  /** Changes this thread's signal mask, as native code of a host program may do. */
  private static void block(Signal signal, boolean blocked) {
    // The size of sigset_t is 128 bytes on Linux and 16 bytes on FreeBSD.
    Pointer set = Libc.RUNTIME.getMemoryManager().allocateDirect(128, true);
    Libc.check(() -> Libc.C.sigemptyset(set));
    Libc.check(() -> Libc.C.sigaddset(set, signal.number()));
    int how = Differences.sigBlock() + (blocked ? 0 : 1);
    assertEquals(0, Libc.C.pthread_sigmask(how, set, null));
  }

  private static int group(ChildProcess child) {
    return Host.check(() -> Host.C.getpgid((int) child.pid()));
  }

  private static int session(ChildProcess child) {
    return Libc.check(() -> Libc.C.getsid((int) child.pid()));
  }

  @Test
  @Tag(Tags.PIDS)
  @Contract("C9")
  void sessionAndGroupAreInheritedByDefault() throws Exception {
    try (ChildProcess child = Run.cat().spawn()) {
      assertEquals(Host.C.getpgid(0), group(child));
      assertEquals(Libc.C.getsid(0), session(child));
    }
  }

  @Test
  @Tag(Tags.PIDS)
  @Contract("C9")
  void aNewSessionIsCreated() throws Exception {
    if (Differences.newSessionIsChildSetup()) {
      Requires.feature(Feature.CHILD_SETUP);
    }
    try (ChildProcess child = Run.cat().newSession().spawn()) {
      assertEquals(child.pid(), session(child));
      assertEquals(child.pid(), group(child));
    }
  }

  @Test
  @Tag(Tags.PIDS)
  @Contract("C9")
  void aNewProcessGroupIsCreated() throws Exception {
    try (ChildProcess child = Run.cat().newProcessGroup().spawn()) {
      assertEquals(child.pid(), group(child));
      assertEquals(Libc.C.getsid(0), session(child));
    }
  }

  @Test
  @Tag(Tags.PIDS)
  @Contract("C9")
  void aChildJoinsAnExistingProcessGroup() throws Exception {
    try (ChildProcess leader = Run.cat().newProcessGroup().spawn();
        ChildProcess member = Run.cat().processGroup((int) leader.pid()).spawn()) {
      assertEquals(leader.pid(), group(member));
      assertNotEquals(leader.pid(), member.pid());
    }
  }

  @Test
  @Contract("C9")
  void theSignalMaskIsEmptyWhateverTheCallersIs() throws Exception {
    block(Signal.TERM, true);
    try (ChildProcess child = Run.cat().spawn()) {
      Run.assertEchoes(child);
      assertTrue(child.signal(Signal.TERM));
      assertEquals(Run.signaled(Signal.TERM), Run.end(child));
    } finally {
      block(Signal.TERM, false);
    }
  }

  @Test
  @Contract("C9")
  void theCallersSignalMaskIsUnchanged() throws Exception {
    Requires.file("/proc/thread-self/status");
    String before = ProcFs.threadStatus("SigBlk");
    assertEquals("", Run.output(Run.sh("exit 0")));
    assertEquals(before, ProcFs.threadStatus("SigBlk"));
    block(Signal.USR2, true);
    try {
      String blocked = ProcFs.threadStatus("SigBlk");
      assertNotEquals(before, blocked);
      assertEquals("", Run.output(Run.sh("exit 0")));
      assertEquals(blocked, ProcFs.threadStatus("SigBlk"));
    } finally {
      block(Signal.USR2, false);
    }
  }

  @Test
  @Contract("C9")
  void blockedSignalsRemainPending() throws Exception {
    try (ChildProcess child = Run.cat().blockedSignals(Signal.TERM, Signal.USR1).spawn()) {
      assertTrue(child.signal(Signal.TERM));
      assertTrue(child.signal(Signal.USR1));
      Run.assertEchoes(child);
      assertTrue(child.signal(Signal.INT));
      assertEquals(Run.signaled(Signal.INT), Run.end(child));
    }
  }

  @Test
  @Contract("C9")
  void ignoredSignalsAreDiscarded() throws Exception {
    Requires.feature(Feature.CHILD_SETUP);
    try (ChildProcess child = Run.cat().ignoredSignals(Signal.HUP, Signal.INT).spawn()) {
      assertTrue(child.signal(Signal.HUP));
      assertTrue(child.signal(Signal.INT));
      Run.assertEchoes(child);
      assertTrue(child.signal(Signal.TERM));
      assertEquals(Run.signaled(Signal.TERM), Run.end(child));
    }
  }

  @Test
  @Contract("C9")
  void maskAndDispositionsAreExactlyAsRequested() throws Exception {
    ProcFs.requireStatus();
    Spawner status = Run.piped(Spawner.of("/bin/cat", "/proc/self/status"));
    String clean = Run.output(status);
    assertEquals(0, ProcFs.mask(clean, "SigBlk"));
    assertEquals(0, ProcFs.mask(clean, "SigIgn"));
    assertEquals(0, ProcFs.mask(clean, "SigCgt"));
    String blocked = Run.output(status.blockedSignals(Signal.HUP, Signal.CHLD));
    assertEquals(ProcFs.bit(Signal.HUP) | ProcFs.bit(Signal.CHLD), ProcFs.mask(blocked, "SigBlk"));
    assertEquals(0, ProcFs.mask(blocked, "SigIgn"));
    Requires.feature(Feature.CHILD_SETUP);
    String ignored = Run.output(status.ignoredSignals(Signal.PIPE, Signal.TSTP));
    assertEquals(ProcFs.bit(Signal.PIPE) | ProcFs.bit(Signal.TSTP), ProcFs.mask(ignored, "SigIgn"));
    assertEquals(0, ProcFs.mask(ignored, "SigBlk"));
  }

  @Test
  @Tag(Tags.JVM)
  @Contract("C9")
  void signalsThatTheJvmIgnoresAreNotIgnoredByTheChild() {
    ChildJvm.of(IgnoringJvm.class)
        .startedBy("trap '' HUP INT TERM QUIT USR2; exec \"$@\"")
        .run();
  }

  /** Signals children of a JVM whose parent, such as {@code nohup}, made it ignore the signals. */
  public static final class IgnoringJvm implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      for (Signal signal : List.of(Signal.HUP, Signal.INT, Signal.TERM, Signal.QUIT, Signal.USR2)) {
        try (ChildProcess child = Run.sh("ulimit -c 0; exec cat").spawn()) {
          Run.assertEchoes(child);
          assertTrue(child.signal(signal));
          assertEquals(Run.signaled(signal), Run.end(child));
        }
      }
    }
  }

  @Test
  @Tag(Tags.JVM)
  @Tag(Tags.KILLS)
  @Tag(Tags.PIDS)
  @Contract("C9")
  void everySignalThatTheParentOfTheJvmIgnoredReachesTheChild() {
    String all = String.join(" ", Trapping.SIGNALS);
    ChildJvm.of(Trapping.class).startedBy("trap '' " + all + "; exec \"$@\"").run();
    ChildJvm.of(Trapping.class)
        .flag("-Xrs")
        .startedBy("trap '' " + all + "; exec \"$@\"")
        .run();
  }

  /**
   * Starts a shell that sends every signal to itself: a shell cannot trap a signal that was ignored
   * when it started.
   */
  public static final class Trapping implements Scenario {
    static final List<String> SIGNALS = List.of(
        "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "USR1", "SEGV", "USR2", "PIPE",
        "ALRM", "TERM", "CHLD", "CONT", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM",
        "PROF", "WINCH", "IO", "SYS");

    @Override
    public void run(String... arguments) throws Exception {
      Spawner trapping = Run.sh(
          "for s; do trap \"echo $s\" $s; kill -$s $$; done", SIGNALS.toArray(String[]::new));
      assertEquals(String.join("\n", SIGNALS), Run.output(trapping));
    }
  }

  @Test
  @Contract("C9")
  void theUmaskIsSet() throws Exception {
    Requires.feature(Feature.CHILD_SETUP);
    Spawner spawner = Run.sh("umask");
    assertEquals(0123, octal(Run.output(spawner.umask(0123))));
    assertEquals(0, octal(Run.output(spawner.umask(0))));
    assertEquals(0777, octal(Run.output(spawner.umask(0777))));
    int mine = Libc.C.umask(0);
    Libc.C.umask(mine);
    assertEquals(mine, octal(Run.output(spawner)), "the JVM's umask is inherited by default");
  }

  private static int octal(String text) {
    return Integer.parseInt(text, 8);
  }

  @Test
  @Contract("C9")
  void resourceLimitsAreSet() throws Exception {
    Requires.feature(Feature.CHILD_SETUP);
    Spawner spawner =
        Run.sh("ulimit -S -n; ulimit -H -n; ulimit -S -c; ulimit -S -t; ulimit -S -f");
    assertEquals(
        "100\n200\n0\n1000\n8",
        Run.output(spawner
            .limit(Resource.OPEN_FILES, new Limit(OptionalLong.of(100), OptionalLong.of(200)))
            .limit(Resource.CORE, Limit.of(0))
            .limit(Resource.CPU_SECONDS, Limit.of(1000))
            // The shell prints this limit in blocks of 512 bytes.
            .limit(Resource.FILE_SIZE, Limit.of(4096))));
  }

  @Test
  @Contract("C9")
  void everyResourceLimitIsSetAlone() throws Exception {
    Requires.feature(Feature.CHILD_SETUP);
    Requires.file("/proc/self/limits");
    for (Resource resource : Resource.values()) {
      // The limit is enough for any program. It is below the current one, so it needs no privilege.
      long hard = ProcFs.hardLimit(Files.readString(Path.of("/proc/self/limits")), resource);
      long less = Math.min(hard, 1L << 40) - 1;
      String limits = Run.output(
          Run.piped(Spawner.of("/bin/cat", "/proc/self/limits")).limit(resource, Limit.of(less)));
      for (Resource each : Resource.values()) {
        if (each == resource) {
          assertEquals(less, ProcFs.hardLimit(limits, each), each + "\n" + limits);
        } else {
          assertNotEquals(less, ProcFs.hardLimit(limits, each), each + "\n" + limits);
        }
      }
    }
  }

  @Test
  @Contract({"C4", "C9"})
  void aLimitThatIsReachedEndsTheChild() throws Exception {
    Requires.feature(Feature.CHILD_SETUP);
    try (ChildProcess child = Run.sh("while :; do :; done")
        .limit(Resource.CORE, Limit.of(0))
        .limit(Resource.CPU_SECONDS, new Limit(OptionalLong.of(1), OptionalLong.of(60)))
        .spawn()) {
      assertEquals(Run.signaled(Signal.XCPU), Run.end(child));
    }
  }

  @Test
  @Tag(Tags.PIDS)
  @Contract("C9")
  void theNiceValueIsSet() throws Exception {
    Requires.feature(Feature.CHILD_SETUP);
    int mine = Libc.C.getpriority(0, 0);
    int more = Math.min(mine + 3, Differences.largestNice());
    assertEquals(more, nice(Run.cat().nice(more)));
    assertEquals(
        Differences.largestNice(), nice(Run.cat().nice(1000)), "a larger value is clamped");
    assertEquals(mine, nice(Run.cat()), "the JVM's nice value is inherited by default");
    assertEquals(mine, Libc.C.getpriority(0, 0), "the JVM's nice value is unchanged");
  }

  private static int nice(Spawner spawner) throws Exception {
    try (ChildProcess child = spawner.spawn()) {
      return Libc.C.getpriority(0, (int) child.pid());
    }
  }

  @Test
  @Contract("C9")
  void noNewPrivilegesIsSet() throws Exception {
    Requires.feature(Feature.NO_NEW_PRIVILEGES);
    ProcFs.requireStatus();
    Spawner status = Run.piped(Spawner.of("/bin/cat", "/proc/self/status"));
    assertEquals("1", ProcFs.field(Run.output(status.noNewPrivileges(true)), "NoNewPrivs"));
    assertEquals(ProcFs.threadStatus("NoNewPrivs"), ProcFs.field(Run.output(status), "NoNewPrivs"));
  }

  @Test
  @Tag(Tags.PIDS)
  @Contract("C9")
  void allOptionsApplyTogether() throws Exception {
    Requires.feature(Feature.CHILD_SETUP);
    Spawner spawner = Run.sh("umask; ulimit -n; pwd; read line")
        .newSession()
        .umask(022)
        .limit(Resource.OPEN_FILES, Limit.of(128))
        .nice(Differences.largestNice())
        .directory(Path.of("/"))
        .ignoredSignals(Signal.HUP)
        .blockedSignals(Signal.USR1)
        .environment("A", "b");
    try (ChildProcess child = spawner.spawn()) {
      assertEquals("0022", Text.line(child.stdout()));
      assertEquals("128", Text.line(child.stdout()));
      assertEquals("/", Text.line(child.stdout()));
      assertEquals(Differences.largestNice(), Libc.C.getpriority(0, (int) child.pid()));
      assertEquals(child.pid(), session(child));
    }
  }
}
