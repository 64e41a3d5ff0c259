package dev.procdesc.compat.c07_death;

import static dev.procdesc.compat.support.Liveness.assertAlive;
import static dev.procdesc.compat.support.Liveness.assertDead;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.DeathGuard;
import dev.procdesc.ExitStatus;
import dev.procdesc.Feature;
import dev.procdesc.OnClose;
import dev.procdesc.Platform;
import dev.procdesc.Signal;
import dev.procdesc.Spawner;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.ChildJvm;
import dev.procdesc.compat.support.Children;
import dev.procdesc.compat.support.DescriptorShortage;
import dev.procdesc.compat.support.KillableJvm;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Mechanisms;
import dev.procdesc.compat.support.Pidfd;
import dev.procdesc.compat.support.ProcFs;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Scenario;
import dev.procdesc.testing.Await;
import dev.procdesc.testing.Timeouts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Tests that children, groups and descendants die with the JVM, also those hard to kill. */
@ExtendWith(LeakCheck.class)
@Tag(Tags.JVM)
@Tag(Tags.LONG)
final class JvmDeathReachTest {
  /** A user ID that no system assigns. */
  private static final int STRANGER = 54_321;

  /** A grandchild that stays until the leash ends, and then reports it; in a shell's quotes. */
  private static final String GRANDCHILD =
      "trap \"\" HUP INT QUIT TERM; echo g >&3; read line <&4; echo bye >&3";

  /** A child that stays, with a grandchild in its process group. */
  private static final String MEMBER = "(" + GRANDCHILD + ") & " + KillableJvm.STAY;

  /** A child that stays, with a daemon: a descendant in another session that has no parent. */
  private static final String DAEMON = "setsid sh -c '(" + GRANDCHILD + ") &'; " + KillableJvm.STAY;

  /** The start of a script that reports its PID. */
  private static final String TELL = "echo \"pid $$\" >&3; ";

  static Stream<String> mechanisms() {
    return Mechanisms.all();
  }

  private static KillableJvm start(String... options) throws Exception {
    return start(ParentJvm.with(options));
  }

  private static KillableJvm start(ChildJvm command) throws Exception {
    Requires.feature(Feature.KILL_ON_JVM_DEATH);
    KillableJvm jvm = KillableJvm.start(command);
    try {
      jvm.await("ready", 1);
      jvm.await("c", 1);
      return jvm;
    } catch (Throwable e) {
      jvm.close();
      throw e;
    }
  }

  /** A process that the test observes too, and kills at the end, however the test ends. */
  private record Observed(Pidfd pidfd) implements AutoCloseable {
    /** Opens the process whose PID the JVM or a child of it has told. */
    static Observed of(KillableJvm jvm) {
      return new Observed(Pidfd.open(Long.parseLong(jvm.awaitValue("pid"))));
    }

    @Override
    public void close() {
      pidfd.signal(Signal.KILL);
      pidfd.close();
    }
  }

  @ParameterizedTest(name = "without {0}")
  @MethodSource("mechanisms")
  @Contract("C7")
  void oneThatBlocksAllSignals(String without) throws Exception {
    Requires.feature(Feature.CHILD_SETUP);
    try (KillableJvm jvm = start(Mechanisms.without(without, ParentJvm.with("block")))) {
      jvm.killAndAwaitEnd();
    }
  }

  @Test
  @Contract("C7")
  void oneThatMayGainNoPrivileges() throws Exception {
    // On Linux 7.1 and later the kernel kills such a child, and the JVM needs no privilege for it.
    Requires.feature(Feature.NO_NEW_PRIVILEGES);
    try (KillableJvm jvm = start("nnp")) {
      jvm.killAndAwaitEnd();
    }
  }

  @Test
  @Contract("C7")
  void oneThatIsStopped() throws Exception {
    Requires.that(Children.STATES, "/proc/PID/stat");
    try (KillableJvm jvm = start("script="
            + TELL
            + "trap '' HUP INT QUIT TERM; echo c >&3; kill -STOP $$; read line <&4");
        Observed child = Observed.of(jvm)) {
      long pid = Long.parseLong(jvm.awaitValue("pid"));
      Await.until("the child is stopped", () -> Children.state(pid).equals("T"));
      jvm.killAndAwaitEnd();
      assertDead(child.pidfd());
    }
  }

  @Test
  @Contract("C7")
  void oneThatHasClosedEveryDescriptor() throws Exception {
    Requires.file("/proc/self/fd");
    try (KillableJvm jvm =
            start("script=" + TELL + "echo c >&3; exec 0<&- 1>&- 2>&- 3>&- 4<&-; exec sleep 1000");
        Observed child = Observed.of(jvm)) {
      Path descriptors = Path.of("/proc", jvm.awaitValue("pid"), "fd");
      Await.until("the child has no descriptor", () -> isEmpty(descriptors));
      assertAlive(child.pidfd());
      jvm.killAndAwaitEnd();
      assertDead(child.pidfd());
    }
  }

  private static boolean isEmpty(Path directory) {
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.findAny().isEmpty();
    } catch (IOException e) {
      return false;
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"KILL", "KILL_GROUP"})
  @Contract("C7")
  void aDaemonOfTheChildIsOutOfReach(OnClose onClose) throws Exception {
    Requires.file("/usr/bin/setsid");
    requireGroupFor(onClose);
    try (KillableJvm jvm = start("script=" + TELL + DAEMON, "onClose=" + onClose.name(), "group");
        Observed child = Observed.of(jvm)) {
      jvm.await("g", 1);
      jvm.signal(Signal.KILL);
      jvm.waitpid();
      assertDead(child.pidfd());
      assertTrue(jvm.isHeld());
      jvm.letGo();
      jvm.awaitEnd();
      assertEquals(1, jvm.heard("bye"));
    }
  }

  private static void requireGroupFor(OnClose onClose) {
    if (onClose == OnClose.KILL_GROUP) {
      Requires.feature(Feature.KILL_GROUP);
    }
  }

  @Test
  @Contract("C7")
  void aGrandchildIsReachedByItsGroupOnly() throws Exception {
    try (KillableJvm jvm = start("script=" + TELL + MEMBER, "group");
        Observed child = Observed.of(jvm)) {
      jvm.await("g", 1);
      jvm.signal(Signal.KILL);
      jvm.waitpid();
      assertDead(child.pidfd());
      assertTrue(jvm.isHeld());
      jvm.letGo();
      jvm.awaitEnd();
      assertEquals(1, jvm.heard("bye"));
    }
  }

  @ParameterizedTest(name = "without {0}")
  @MethodSource("mechanisms")
  @Contract("C7")
  void theWholeGroup(String without) throws Exception {
    Requires.feature(Feature.KILL_GROUP);
    try (KillableJvm jvm = start(Mechanisms.without(
        without, ParentJvm.with("script=" + MEMBER, "onClose=KILL_GROUP", "group")))) {
      jvm.await("g", 1);
      jvm.killAndAwaitEnd();
      assertEquals(0, jvm.heard("bye"));
    }
  }

  @ParameterizedTest(name = "without {0}")
  @MethodSource("mechanisms")
  @Contract("C7")
  void theGroupOfAChildThatHasEnded(String without) throws Exception {
    Requires.feature(Feature.KILL_GROUP);
    try (KillableJvm jvm = start(Mechanisms.without(
        without,
        ParentJvm.with(
            "script=(" + GRANDCHILD + ") & echo c >&3", "onClose=KILL_GROUP", "group")))) {
      jvm.await("g", 1);
      jvm.order("count");
      Await.until("the child has ended", () -> ended(jvm));
      assertTrue(jvm.isHeld());
      jvm.killAndAwaitEnd();
      assertEquals(0, jvm.heard("bye"));
    }
  }

  private static boolean ended(KillableJvm jvm) {
    if (jvm.isHeld() && jvm.heard("alive 0") == 0) {
      jvm.order("count");
    }
    return jvm.heard("alive 0") > 0;
  }

  @ParameterizedTest(name = "without {0}")
  @MethodSource("mechanisms")
  @Contract("C7")
  void theWholeControlGroup(String without) throws Exception {
    Requires.feature(Feature.KILL_CGROUP);
    Requires.file("/usr/bin/setsid");
    Path group = Requires.cgroup();
    try (KillableJvm jvm = start(Mechanisms.without(
        without, ParentJvm.with("script=" + DAEMON, "onClose=KILL_CGROUP", "cgroup=" + group)))) {
      jvm.await("g", 1);
      jvm.killAndAwaitEnd();
      assertEquals(0, jvm.heard("bye"));
    } finally {
      Await.until("the control group is empty", () -> isDeleted(group));
    }
  }

  @Test
  @Contract("C7")
  void theControlGroupOfAChildThatHasEnded() throws Exception {
    Requires.feature(Feature.KILL_CGROUP);
    Path group = Requires.cgroup();
    try (KillableJvm jvm = start(
        "script=(" + GRANDCHILD + ") & echo c >&3", "onClose=KILL_CGROUP", "cgroup=" + group)) {
      jvm.await("g", 1);
      Await.until("the child has ended", () -> ended(jvm));
      jvm.killAndAwaitEnd();
      assertEquals(0, jvm.heard("bye"));
    } finally {
      Await.until("the control group is empty", () -> isDeleted(group));
    }
  }

  private static boolean isDeleted(Path directory) {
    try {
      Files.deleteIfExists(directory);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  @Test
  @Contract("C7")
  void oneOfAnotherUser() throws Exception {
    Requires.root();
    Requires.feature(Feature.CHILD_SETUP);
    try (KillableJvm jvm = start("user=nobody")) {
      jvm.killAndAwaitEnd();
    }
  }

  /** Starts a JVM of an ordinary user, whose child runs a set-user-ID program of root. */
  private static KillableJvm startOrdinary(String script) throws Exception {
    Requires.root();
    ProcFs.requireStatus();
    return start(ParentJvm.with("script=" + TELL + script, "become=" + STRANGER).changingUser());
  }

  /** Makes a set-user-ID copy of a program, which runs as root for every user. */
  private static Path setUserId(Path directory, String program) throws IOException {
    Requires.file(program);
    Path copy = directory.resolve("root-" + Path.of(program).getFileName());
    Files.copy(Path.of(program), copy);
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    Files.setAttribute(copy, "unix:mode", 04755);
    return copy;
  }

  /** Waits until a child has these real and effective user IDs; skips the test if it does not. */
  private static void awaitUsers(KillableJvm jvm, long real, long effective) {
    Path status = Path.of("/proc", jvm.awaitValue("pid"), "status");
    boolean[] seen = new boolean[1];
    Await.holds(Timeouts.scaled(Duration.ofSeconds(5)), () -> {
      try {
        String[] users = ProcFs.field(Files.readString(status), "Uid").split("\t", -1);
        seen[0] = Arrays.asList(users)
            .subList(0, 2)
            .equals(Arrays.asList(Long.toString(real), Long.toString(effective)));
      } catch (IOException e) {
        return false;
      }
      return seen[0];
    });
    Requires.that(seen[0], "a directory for temporary files where set-user-ID works");
  }

  @Test
  @Contract("C7")
  void oneThatRunsASetUserIdProgram(@TempDir Path directory) throws Exception {
    // PR_SET_PDEATHSIG is cleared when a set-user-ID program is executed.
    Path cat = setUserId(directory, "/bin/cat");
    try (KillableJvm jvm = startOrdinary("echo c >&3; exec " + cat + " <&4");
        Observed child = Observed.of(jvm)) {
      awaitUsers(jvm, STRANGER, 0);
      jvm.killAndAwaitEnd();
      assertDead(child.pidfd());
    }
  }

  @Test
  @Tag(Tags.GUARDIAN)
  @Contract("C7")
  void oneThatBecameAnotherUserIsOutOfReach(@TempDir Path directory) throws Exception {
    // As with sudo: the JVM's user has no permission to signal it.
    Requires.that(Platform.current().deathGuard() == DeathGuard.GUARDIAN, "a guardian that kills");
    Path setpriv = setUserId(directory, "/usr/bin/setpriv");
    String become = setpriv + " --reuid 0 --clear-groups cat <&4";
    try (KillableJvm jvm = startOrdinary("echo c >&3; exec " + become);
        Observed child = Observed.of(jvm)) {
      awaitUsers(jvm, 0, 0);
      jvm.signal(Signal.KILL);
      jvm.waitpid();
      assertTrue(jvm.isHeld());
      assertAlive(child.pidfd());
      jvm.letGo();
      jvm.awaitEnd();
      assertFalse(jvm.isHeld());
    }
  }

  /** Spawns a child with its group when descriptors are short, and once more when they are not. */
  public static final class SpawnsInAShortage implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      Spawner spawner = Run.ordinary(Spawner.of("/bin/sh", "-c", "exit 7")).newProcessGroup();
      try (ChildProcess first = spawner.spawn()) {
        first.waitFor();
      }
      Spawner group = spawner.onClose(OnClose.KILL_GROUP);
      try {
        DescriptorShortage.during(2, () -> {
          try (ChildProcess child = group.spawn()) {
            child.kill(); // Two descriptors are enough on Linux.
          } catch (IOException failure) {
            assertTrue(failure.toString().contains("EMFILE"), failure::toString);
          }
        });
      } catch (Throwable e) {
        throw new AssertionError(e);
      }
      try (ChildProcess child = group.spawn()) {
        assertEquals(new ExitStatus.Exited(7), child.waitFor());
      }
    }
  }

  @Test
  @Contract({"C7", "C9"})
  void aShortageOfDescriptorsIsAnErrorOfTheCall() {
    Requires.feature(Feature.KILL_GROUP);
    ChildJvm.of(SpawnsInAShortage.class).run();
  }
}
