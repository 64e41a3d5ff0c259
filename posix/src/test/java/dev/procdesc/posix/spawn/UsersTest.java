package dev.procdesc.posix.spawn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.SpawnException;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.ffi.TestNumbers;
import dev.procdesc.spi.Account;
import dev.procdesc.spi.SupplementaryGroups;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import jnr.constants.platform.RLIMIT;
import jnr.posix.POSIX;
import jnr.posix.POSIXFactory;
import jnr.posix.Passwd;
import jnr.posix.RLimit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

final class UsersTest {
  /** An unused number that exceeds a signed integer. */
  private static final long NOBODYS = 4_294_967_290L;

  private static final Optional<Account> NONE = Optional.empty();

  private static final SupplementaryGroups OF_USER = new SupplementaryGroups.OfUser();

  @BeforeAll
  static void chooseNumbers() {
    TestNumbers.choose();
  }

  private static SupplementaryGroups listed(Account... groups) {
    return new SupplementaryGroups.Listed(List.of(groups));
  }

  private static Optional<Account> named(String name) {
    return Optional.of(new Account.Named(name));
  }

  private static Optional<Account> numbered(long id) {
    return Optional.of(new Account.Numbered(id));
  }

  /** Returns a line of a database file with a property, so that no name is assumed to exist. */
  private static String[] entry(String file, java.util.function.Predicate<String[]> wanted)
      throws IOException {
    return Files.readAllLines(Path.of("/etc", file)).stream()
        .map(line -> line.split(":", -1))
        .filter(fields -> fields.length >= 4 && !fields[0].startsWith("#"))
        .filter(wanted)
        .findFirst()
        .orElseThrow();
  }

  @Test
  void nothingAskedNothingGiven() throws IOException {
    assertEquals(
        new Users.Identity(Optional.empty(), Optional.empty(), Optional.empty()),
        Users.identify(NONE, NONE, OF_USER));
  }

  @Test
  void rootByName() throws IOException {
    Users.Identity root = Users.identify(named("root"), NONE, OF_USER);
    assertEquals(Optional.of(0L), root.user());
    assertEquals(Optional.of(0L), root.group());
    assertTrue(root.supplementary().orElseThrow().contains(0L), root.toString());
  }

  @Test
  void byNumberIsTheSameAsByName() throws IOException {
    assertEquals(
        Users.identify(named("root"), NONE, OF_USER), Users.identify(numbered(0), NONE, OF_USER));
  }

  @Test
  void anOrdinaryUsersGroupIsItsPrimaryOne() throws IOException {
    String[] entry = entry("passwd", fields -> !fields[2].equals("0") && !fields[3].equals("0"));
    Users.Identity found = Users.identify(named(entry[0]), NONE, OF_USER);
    assertEquals(Optional.of(Long.parseLong(entry[2])), found.user());
    long group = Long.parseLong(entry[3]);
    assertEquals(Optional.of(group), found.group());
    assertTrue(found.supplementary().orElseThrow().contains(group), found.toString());
  }

  @Test
  void anotherPrimaryGroupIsOneOfTheSupplementaryOnes() throws IOException {
    Users.Identity found = Users.identify(named("root"), numbered(NOBODYS), OF_USER);
    assertEquals(Optional.of(NOBODYS), found.group());
    assertTrue(found.supplementary().orElseThrow().contains(NOBODYS), found.toString());
  }

  @Test
  void supplementaryGroupsThatAreGivenAreAll() throws IOException {
    String[] group = entry("group", fields -> !fields[2].equals("0"));
    Users.Identity found = Users.identify(
        named("root"), NONE, listed(new Account.Named(group[0]), new Account.Numbered(NOBODYS)));
    assertEquals(Optional.of(List.of(Long.parseLong(group[2]), NOBODYS)), found.supplementary());
    Users.Identity cleared = Users.identify(named("root"), NONE, listed());
    assertEquals(Optional.of(List.of()), cleared.supplementary());
  }

  @Test
  void aGroupWithoutAUser() throws IOException {
    String[] group = entry("group", fields -> !fields[2].equals("0"));
    Users.Identity found = Users.identify(NONE, named(group[0]), OF_USER);
    assertEquals(
        new Users.Identity(
            Optional.empty(), Optional.of(Long.parseLong(group[2])), Optional.empty()),
        found);
  }

  @Test
  void numbersWithoutAnEntryNeedAGroup() throws IOException {
    var refusal = assertThrows(
        ProcessDescriptorException.class, () -> Users.identify(numbered(NOBODYS), NONE, OF_USER));
    String message = String.valueOf(refusal.getMessage());
    assertTrue(message.contains(String.valueOf(NOBODYS)), message);
    assertTrue(message.contains("give a group"), message);
    assertEquals(
        new Users.Identity(Optional.of(NOBODYS), Optional.of(NOBODYS - 1), Optional.of(List.of())),
        Users.identify(numbered(NOBODYS), numbered(NOBODYS - 1), OF_USER));
  }

  @Test
  void keptSupplementaryGroupsAreAbsent() throws IOException {
    SupplementaryGroups kept = new SupplementaryGroups.Kept();
    assertEquals(
        new Users.Identity(Optional.of(0L), Optional.of(0L), Optional.empty()),
        Users.identify(named("root"), NONE, kept));
    assertEquals(
        new Users.Identity(Optional.of(NOBODYS), Optional.of(NOBODYS), Optional.empty()),
        Users.identify(numbered(NOBODYS), numbered(NOBODYS), kept));
  }

  /** A look-up without a free descriptor fails, and must not look like an absent account. */
  @Test
  void aLookUpThatFailsIsNoAbsence() throws IOException {
    String[] user = entry("passwd", fields -> !fields[2].equals("0"));
    String[] group = entry("group", fields -> !fields[2].equals("0"));
    // Loads all classes and sources of the database now, because that needs descriptors.
    Users.identify(named(user[0]), named(group[0]), OF_USER);
    assertEquals(PosixNumbers.ENOENT, errno(() -> Users.identify(named("none"), NONE, OF_USER)));
    long id = Long.parseLong(user[2]);
    POSIX posix = POSIXFactory.getNativePOSIX();
    RLimit limit = posix.getrlimit(RLIMIT.RLIMIT_NOFILE.intValue());
    List<Integer> errors = new ArrayList<>();
    assertEquals(0, posix.setrlimit(RLIMIT.RLIMIT_NOFILE.intValue(), 0, limit.rlimMax()));
    try {
      errors.add(errno(() -> Users.identify(named(user[0]), NONE, OF_USER)));
      errors.add(errno(() -> Users.identify(numbered(id), numbered(id), OF_USER)));
      errors.add(errno(() -> Users.identify(NONE, named(group[0]), OF_USER)));
      // This needs no look-up.
      Users.identify(numbered(id), numbered(id), listed());
    } finally {
      posix.setrlimit(RLIMIT.RLIMIT_NOFILE.intValue(), limit.rlimCur(), limit.rlimMax());
    }
    assertEquals(List.of(PosixNumbers.EMFILE, PosixNumbers.EMFILE, PosixNumbers.EMFILE), errors);
  }

  private interface Identification {
    Users.Identity identify() throws ProcessDescriptorException;
  }

  private static int errno(Identification identification) {
    try {
      identification.identify();
      return 0;
    } catch (ProcessDescriptorException e) {
      return e.errno();
    }
  }

  @Test
  void anUnknownUserIsNamed() {
    refuses("no-such-user", () -> Users.identify(named("no-such-user"), NONE, OF_USER));
    // Also if everything else is given, because a name alone has no number.
    refuses("no-such-user", () -> Users.identify(named("no-such-user"), numbered(0), listed()));
    // The name is not treated as a number.
    refuses("4294967290", () -> Users.identify(named("4294967290"), NONE, OF_USER));
  }

  @Test
  void anUnknownGroupIsNamed() {
    refuses("no-such-group", () -> Users.identify(NONE, named("no-such-group"), OF_USER));
    refuses(
        "no-such-group",
        () -> Users.identify(named("root"), NONE, listed(new Account.Named("no-such-group"))));
  }

  private static void refuses(
      String name, org.junit.jupiter.api.function.Executable identification) {
    var refusal = assertThrows(ProcessDescriptorException.class, identification);
    assertTrue(String.valueOf(refusal.getMessage()).contains(name), refusal.getMessage());
    assertEquals(PosixNumbers.ENOENT, refusal.errno());
    assertEquals(name, refusal.subject());
    assertEquals(
        SpawnException.Step.PREPARE,
        assertInstanceOf(SpawnException.class, refusal).step());
  }

  /** Compares accounts with jnr-posix, another binding of the same functions. */
  @Nested
  final class AsJnrPosixHasThem {
    private static final POSIX DATABASE = POSIXFactory.getNativePOSIX();

    private record User(String name, long id, long group) {
      static Optional<User> of(@Nullable Passwd entry) {
        return Optional.ofNullable(entry)
            .map(it -> new User(it.getLoginName(), unsigned(it.getUID()), unsigned(it.getGID())));
      }
    }

    private record Group(String name, long id, List<String> members) {
      static Optional<Group> of(jnr.posix.@Nullable Group entry) {
        return Optional.ofNullable(entry)
            .map(it -> new Group(it.getName(), unsigned(it.getGID()), List.of(it.getMembers())));
      }
    }

    /** Converts an ID of jnr-posix, which is a signed number. */
    private static long unsigned(long id) {
      return id & 0xFFFF_FFFFL;
    }

    private static List<User> users() {
      DATABASE.setpwent();
      try {
        return all(() -> User.of(DATABASE.getpwent()));
      } finally {
        DATABASE.endpwent();
      }
    }

    private static List<Group> groups() {
      DATABASE.setgrent();
      try {
        return all(() -> Group.of(DATABASE.getgrent()));
      } finally {
        DATABASE.endgrent();
      }
    }

    private static <T> List<T> all(Supplier<Optional<T>> next) {
      List<T> all = new ArrayList<>();
      for (Optional<T> entry = next.get(); entry.isPresent(); entry = next.get()) {
        all.add(entry.get());
      }
      assertFalse(all.isEmpty());
      return all;
    }

    private static void assertSame(User expected, Users.Identity found) {
      assertEquals(Optional.of(expected.id), found.user());
      assertEquals(Optional.of(expected.group), found.group());
    }

    @Test
    void everyUser() throws IOException {
      for (User user : users()) {
        // The first entry of a name or number applies, which may be another one.
        assertSame(
            User.of(DATABASE.getpwnam(user.name)).orElseThrow(),
            Users.identify(named(user.name), NONE, OF_USER));
        assertSame(
            User.of(DATABASE.getpwuid((int) user.id)).orElseThrow(),
            Users.identify(numbered(user.id), NONE, OF_USER));
      }
    }

    @Test
    void everyGroup() throws IOException {
      for (Group group : groups()) {
        Group expected = Group.of(DATABASE.getgrnam(group.name)).orElseThrow();
        assertEquals(
            Optional.of(expected.id),
            Users.identify(NONE, named(group.name), OF_USER).group());
        assertTrue(Group.of(DATABASE.getgrgid((int) group.id)).isPresent());
      }
    }

    @Test
    void everyMembership() throws IOException {
      List<Group> groups = groups();
      for (User user : users()) {
        List<Long> expected = groups.stream()
            .filter(group -> group.members.contains(user.name))
            .map(Group::id)
            .toList();
        List<Long> found =
            Users.identify(named(user.name), NONE, OF_USER).supplementary().orElseThrow();
        assertTrue(found.containsAll(expected), () -> user + " is in " + expected + ": " + found);
      }
    }

    @Test
    void namesThatAreUnknown() {
      for (String name : List.of("no-such-account", "", " root", "root:", "0", "4294967290")) {
        assertEquals(Optional.empty(), User.of(DATABASE.getpwnam(name)), name);
        assertEquals(Optional.empty(), Group.of(DATABASE.getgrnam(name)), name);
        refuses(name, () -> Users.identify(named(name), NONE, OF_USER));
        refuses(name, () -> Users.identify(NONE, named(name), OF_USER));
      }
    }

    @Test
    void numbersThatAreUnknown() {
      for (long id : List.of(NOBODYS, 0x7FFF_FFFFL, 0x8000_0000L)) {
        assertEquals(Optional.empty(), User.of(DATABASE.getpwuid((int) id)), () -> "" + id);
        assertThrows(
            ProcessDescriptorException.class, () -> Users.identify(numbered(id), NONE, OF_USER));
      }
    }
  }
}
