package dev.procdesc.compat.c09_start;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.Feature;
import dev.procdesc.Spawner;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.ProcFs;
import dev.procdesc.compat.support.Run;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Tests changes of the user and the groups, gid before uid. Every system has a user named nobody.
 */
@ExtendWith(LeakCheck.class)
final class UserTest {
  private static final Spawner ID = Run.sh("id -u; id -g; id -G").directory(Path.of("/"));

  @BeforeEach
  void requireRoot() {
    Requires.feature(Feature.CHILD_SETUP);
    Requires.root();
  }

  private static String id(String option, String user) throws Exception {
    return Run.output(Run.sh("id " + option + " " + user));
  }

  @Test
  @Tag(Tags.PIDS)
  @Contract("C9")
  void aUserIsSetByName() throws Exception {
    String[] ids = Run.output(ID.user("nobody")).split("\n", -1);
    assertEquals(id("-u", "nobody"), ids[0]);
    assertEquals(id("-g", "nobody"), ids[1]);
    assertEquals(id("-G", "nobody"), ids[2]);
  }

  @Test
  @Tag(Tags.PIDS)
  @Contract("C9")
  void aUserIsSetByNumber() throws Exception {
    String number = id("-u", "nobody");
    String[] ids = Run.output(ID.user(Long.parseLong(number))).split("\n", -1);
    assertEquals(number, ids[0]);
    assertEquals(id("-g", "nobody"), ids[1]);
  }

  @Test
  @Tag(Tags.PIDS)
  @Contract("C9")
  void aUserWithoutADatabaseEntryIsSet() throws Exception {
    assertEquals(
        UnknownUser.ID + "\n" + UnknownUser.ID + "\n" + UnknownUser.ID,
        Run.output(ID.user(UnknownUser.ID).group(UnknownUser.ID)));
  }

  @Test
  @Tag(Tags.PIDS)
  @Contract("C9")
  void aGroupIsSetByName() throws Exception {
    String group = Run.output(Run.sh("id -gn nobody"));
    String[] ids = Run.output(ID.group(group)).split("\n", -1);
    assertEquals("0", ids[0]);
    assertEquals(id("-g", "nobody"), ids[1]);
  }

  @Test
  @Tag(Tags.PIDS)
  @Contract("C9")
  void supplementaryGroupsAreSet() throws Exception {
    assertEquals(
        UnknownUser.ID + "\n7\n7 8 9",
        Run.output(ID.user(UnknownUser.ID).group(7).supplementaryGroups(8, 9)));
  }

  @Test
  @Tag(Tags.PIDS)
  @Contract("C9")
  void supplementaryGroupsAreCleared() throws Exception {
    assertEquals("0\n0\n0", Run.output(ID.supplementaryGroups()));
  }

  @Test
  @Tag(Tags.PIDS)
  @Contract("C9")
  void theJvmsUserIsUnchanged() throws Exception {
    Run.output(ID.user("nobody"));
    String[] ids = Run.output(ID).split("\n", -1);
    assertEquals("0", ids[0]);
  }

  @Test
  @Contract("C9")
  void privilegesCannotBeRegained() throws Exception {
    // With the real, effective and saved IDs changed, a program cannot become root again.
    Requires.file("/proc/self/status");
    Spawner status = Run.piped(Spawner.of("/bin/cat", "/proc/self/status")).directory(Path.of("/"));
    String nobody = Run.output(status.user(UnknownUser.ID).group(UnknownUser.ID + 1));
    assertEquals(
        (UnknownUser.ID + "\t").repeat(4).strip(),
        ProcFs.field(nobody, "Uid"),
        "real, effective, saved");
    assertEquals(((UnknownUser.ID + 1) + "\t").repeat(4).strip(), ProcFs.field(nobody, "Gid"));
    assertTrue(ProcFs.field(nobody, "CapEff").matches("0+"), "no capability is left");
  }

  @Test
  @Contract("C9")
  void aDirectoryThatTheUserMaySearchIsEntered() throws Exception {
    assertEquals(
        "/",
        Run.output(
            Run.sh("pwd").user(UnknownUser.ID).group(UnknownUser.ID).directory(Path.of("/"))));
  }
}
