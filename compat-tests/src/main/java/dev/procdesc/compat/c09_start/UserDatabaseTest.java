package dev.procdesc.compat.c09_start;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.Feature;
import dev.procdesc.SpawnException;
import dev.procdesc.SpawnException.Step;
import dev.procdesc.Spawner;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.ChildJvm;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Scenario;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import jnr.constants.platform.Errno;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Tests users and groups in namespaces: unreadable databases, and setgroups that is forbidden. */
@ExtendWith(LeakCheck.class)
final class UserDatabaseTest {
  /** Starts a JVM in a mount namespace in which reading a file fails with EIO. */
  private static final String UNREADABLE = "mount --bind /proc/$$/mem %s && ";

  /** Starts a JVM in a user namespace in which setgroups is forbidden. */
  private static final String USER_NAMESPACE = "exec unshare -Ur -- \"$@\"";

  @BeforeEach
  void requireChildSetup() {
    Requires.feature(Feature.CHILD_SETUP);
  }

  private static Spawner spawner() {
    return Run.sh("id -u").directory(Path.of("/"));
  }

  private static void requireWorking(String script) throws IOException, InterruptedException {
    Process trial = new ProcessBuilder("/bin/sh", "-c", script, "sh", "true")
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .start();
    Requires.that(trial.waitFor() == 0, "a namespace: " + script);
  }

  private static String unreadable(String file) throws IOException, InterruptedException {
    Requires.root();
    String script =
        "exec unshare -m /bin/sh -c '" + UNREADABLE.formatted(file) + "exec \"$@\"' sh \"$@\"";
    requireWorking(script);
    return script;
  }

  @Test
  @Tag(Tags.JVM)
  @Contract("C9")
  void anUnreadableUserDatabaseIsNoAbsentUser() throws Exception {
    ChildJvm.of(NoUsers.class).startedBy(unreadable("/etc/passwd")).run();
  }

  /** Spawns where the user database cannot be read. */
  public static final class NoUsers implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      fails(spawner().user("daemon"), Step.PREPARE, Errno.EIO, "daemon");
      fails(spawner().user(1), Step.PREPARE, Errno.EIO, "1");
      // The user's groups are unknown, and must not be taken for none.
      fails(spawner().user(1).group(1), Step.PREPARE, Errno.EIO, "1");
      // These need no database.
      assertEquals("1", Run.output(spawner().user(1).group(1).supplementaryGroups(1)));
      assertEquals("1", Run.output(spawner().user(1).group(1).keepSupplementaryGroups()));
    }
  }

  @Test
  @Tag(Tags.JVM)
  @Contract("C9")
  void anUnreadableGroupDatabaseLosesNoGroup() throws Exception {
    ChildJvm.of(NoGroups.class).startedBy(unreadable("/etc/group")).run();
  }

  /** Spawns where the group database cannot be read. */
  public static final class NoGroups implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      fails(spawner().group("daemon"), Step.PREPARE, Errno.EIO, "daemon");
      fails(spawner().user("daemon"), Step.PREPARE, Errno.EIO, "daemon");
      fails(spawner().user(1).group(1), Step.PREPARE, Errno.EIO, "daemon");
      assertEquals("1", Run.output(spawner().user("daemon").keepSupplementaryGroups()));
    }
  }

  @Test
  @Tag(Tags.JVM)
  @Contract("C9")
  void aUserNamespaceAllowsUsersWithTheGroupsKept() throws Exception {
    requireWorking(USER_NAMESPACE);
    ChildJvm.of(InUserNamespace.class).startedBy(USER_NAMESPACE).run();
  }

  /** Spawns in a user namespace, in which only user 0 and group 0 exist. */
  public static final class InUserNamespace implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      SpawnException refused = fails(spawner().user(0), Step.USER, Errno.EPERM, "setgroups");
      String message = String.valueOf(refused.getMessage());
      assertTrue(message.contains("keepSupplementaryGroups"), message);
      assertEquals("0", Run.output(spawner().user(0).keepSupplementaryGroups()));
      assertEquals("0", Run.output(spawner().user("root").group(0).keepSupplementaryGroups()));
      Spawner unmapped = spawner().user(UnknownUser.ID).group(UnknownUser.ID);
      fails(unmapped.keepSupplementaryGroups(), Step.USER, Errno.EINVAL, "" + UnknownUser.ID);
    }
  }

  private static SpawnException fails(Spawner spawner, Step step, Errno errno, String text) {
    SpawnException thrown =
        assertThrows(SpawnException.class, () -> spawner.spawn().close());
    List<Object> expected = List.of(step, errno);
    assertEquals(
        expected, List.of(thrown.step(), Errno.valueOf(thrown.errno())), thrown.toString());
    assertTrue(String.valueOf(thrown.getMessage()).contains(text), thrown.toString());
    return thrown;
  }
}
