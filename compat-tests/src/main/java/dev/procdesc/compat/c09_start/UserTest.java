package dev.procdesc.compat.c09_start;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.Feature;
import dev.procdesc.Spawner;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.ChildJvm;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Libc;
import dev.procdesc.compat.support.ProcFs;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Scenario;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
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

  /**
   * The IDs of a process. The list of {@code id -G} has the effective group or not, depending on
   * the release of FreeBSD, so the supplementary groups here are those without it.
   */
  private record Ids(String user, String group, Set<String> supplementary) {
    static Ids parse(String output) {
      List<String> lines = output.lines().map(String::strip).toList();
      Set<String> groups = new TreeSet<>();
      if (lines.size() > 2) {
        groups.addAll(List.of(lines.get(2).split(" +", -1)));
      }
      groups.remove(lines.get(1));
      groups.remove("");
      return new Ids(lines.get(0), lines.get(1), groups);
    }

    static Ids of(Spawner spawner) throws Exception {
      return parse(Run.output(spawner));
    }
  }

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
    assertEquals(
        Ids.parse(id("-u", "nobody") + "\n" + id("-g", "nobody") + "\n" + id("-G", "nobody")),
        Ids.of(ID.user("nobody")));
  }

  @Test
  @Tag(Tags.PIDS)
  @Contract("C9")
  void aUserIsSetByNumber() throws Exception {
    String number = id("-u", "nobody");
    Ids ids = Ids.of(ID.user(Long.parseLong(number)));
    assertEquals(number, ids.user);
    assertEquals(id("-g", "nobody"), ids.group);
  }

  @Test
  @Tag(Tags.PIDS)
  @Contract("C9")
  void aUserWithoutADatabaseEntryIsSet() throws Exception {
    assertEquals(
        new Ids("" + UnknownUser.ID, "" + UnknownUser.ID, Set.of()),
        Ids.of(ID.user(UnknownUser.ID).group(UnknownUser.ID)));
  }

  @Test
  @Tag(Tags.PIDS)
  @Contract("C9")
  void aGroupIsSetByName() throws Exception {
    String group = Run.output(Run.sh("id -gn nobody"));
    Ids ids = Ids.of(ID.group(group));
    assertEquals("0", ids.user);
    assertEquals(id("-g", "nobody"), ids.group);
  }

  @Test
  @Tag(Tags.PIDS)
  @Contract("C9")
  void supplementaryGroupsAreSet() throws Exception {
    assertEquals(
        new Ids("" + UnknownUser.ID, "7", Set.of("8", "9")),
        Ids.of(ID.user(UnknownUser.ID).group(7).supplementaryGroups(8, 9)));
  }

  @Test
  @Tag(Tags.PIDS)
  @Contract("C9")
  void supplementaryGroupsAreCleared() throws Exception {
    assertEquals(new Ids("0", "0", Set.of()), Ids.of(ID.supplementaryGroups()));
  }

  @Test
  @Tag(Tags.PIDS)
  @Contract("C9")
  void supplementaryGroupsDoNotChangeTheGroup() throws Exception {
    assertEquals(new Ids("0", "0", Set.of("8", "9")), Ids.of(ID.supplementaryGroups(8, 9)));
  }

  @Test
  @Tag(Tags.JVM)
  @Contract("C9")
  void supplementaryGroupsAreKept() {
    ChildJvm.of(KeptGroups.class).run();
  }

  /**
   * Gives the JVM supplementary groups that no user database lists for the users of its children.
   */
  public static final class KeptGroups implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      // Before FreeBSD 15, the first group is the effective one.
      Libc.check(() -> Libc.C.setgroups(3, new int[] {0, 8, 9}));
      Set<String> own = Set.of("8", "9");
      Spawner other = ID.user(UnknownUser.ID).group(UnknownUser.ID);
      assertEquals(Set.of(), Ids.of(other).supplementary);
      Ids kept = Ids.of(other.keepSupplementaryGroups());
      assertEquals("" + UnknownUser.ID, kept.user);
      assertTrue(kept.supplementary.containsAll(own), kept.toString());
      Ids named = Ids.of(ID.user("nobody").keepSupplementaryGroups());
      assertTrue(named.supplementary.containsAll(own), named.toString());
      // The later option replaces the earlier one.
      assertEquals(
          Set.of("7"),
          Ids.of(other.keepSupplementaryGroups().supplementaryGroups(7)).supplementary);
      Ids last = Ids.of(other.supplementaryGroups(7).keepSupplementaryGroups());
      assertTrue(last.supplementary.containsAll(own), last.toString());
    }
  }

  @Test
  @Tag(Tags.PIDS)
  @Contract("C9")
  void theJvmsUserIsUnchanged() throws Exception {
    Run.output(ID.user("nobody"));
    assertEquals("0", Ids.of(ID).user);
  }

  @Test
  @Contract("C9")
  void privilegesCannotBeRegained() throws Exception {
    // With the real, effective and saved IDs changed, a program cannot become root again.
    ProcFs.requireStatus();
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
