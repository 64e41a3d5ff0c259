package dev.procdesc.posix.spawn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.SpawnException;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.spi.Account;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import jnr.posix.POSIX;
import jnr.posix.POSIXFactory;
import jnr.posix.Passwd;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

final class UsersTest {
  /** An unused number that exceeds a signed integer. */
  private static final long NOBODYS = 4_294_967_290L;

  private static final Optional<Account> NONE = Optional.empty();

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
        Users.identify(NONE, NONE, Optional.empty()));
  }

  @Test
  void rootByName() throws IOException {
    Users.Identity root = Users.identify(named("root"), NONE, Optional.empty());
    assertEquals(Optional.of(0L), root.user());
    assertEquals(Optional.of(0L), root.group());
    assertTrue(root.supplementary().orElseThrow().contains(0L), root.toString());
  }

  @Test
  void byNumberIsTheSameAsByName() throws IOException {
    assertEquals(
        Users.identify(named("root"), NONE, Optional.empty()),
        Users.identify(numbered(0), NONE, Optional.empty()));
  }

  @Test
  void anOrdinaryUsersGroupIsItsPrimaryOne() throws IOException {
    String[] entry = entry("passwd", fields -> !fields[2].equals("0") && !fields[3].equals("0"));
    Users.Identity found = Users.identify(named(entry[0]), NONE, Optional.empty());
    assertEquals(Optional.of(Long.parseLong(entry[2])), found.user());
    long group = Long.parseLong(entry[3]);
    assertEquals(Optional.of(group), found.group());
    assertTrue(found.supplementary().orElseThrow().contains(group), found.toString());
  }

  @Test
  void anotherPrimaryGroupIsOneOfTheSupplementaryOnes() throws IOException {
    Users.Identity found = Users.identify(named("root"), numbered(NOBODYS), Optional.empty());
    assertEquals(Optional.of(NOBODYS), found.group());
    assertTrue(found.supplementary().orElseThrow().contains(NOBODYS), found.toString());
  }

  @Test
  void supplementaryGroupsThatAreGivenAreAll() throws IOException {
    String[] group = entry("group", fields -> !fields[2].equals("0"));
    Users.Identity found = Users.identify(
        named("root"),
        NONE,
        Optional.of(List.of(new Account.Named(group[0]), new Account.Numbered(NOBODYS))));
    assertEquals(Optional.of(List.of(Long.parseLong(group[2]), NOBODYS)), found.supplementary());
    Users.Identity cleared = Users.identify(named("root"), NONE, Optional.of(List.of()));
    assertEquals(Optional.of(List.of()), cleared.supplementary());
  }

  @Test
  void aGroupWithoutAUser() throws IOException {
    String[] group = entry("group", fields -> !fields[2].equals("0"));
    Users.Identity found = Users.identify(NONE, named(group[0]), Optional.empty());
    assertEquals(
        new Users.Identity(
            Optional.empty(), Optional.of(Long.parseLong(group[2])), Optional.empty()),
        found);
  }

  @Test
  void numbersWithoutAnEntryNeedAGroup() throws IOException {
    var refusal = assertThrows(
        ProcessDescriptorException.class,
        () -> Users.identify(numbered(NOBODYS), NONE, Optional.empty()));
    String message = String.valueOf(refusal.getMessage());
    assertTrue(message.contains(String.valueOf(NOBODYS)), message);
    assertTrue(message.contains("give a group"), message);
    assertEquals(
        new Users.Identity(Optional.of(NOBODYS), Optional.of(NOBODYS - 1), Optional.of(List.of())),
        Users.identify(numbered(NOBODYS), numbered(NOBODYS - 1), Optional.empty()));
  }

  @Test
  void anUnknownUserIsNamed() {
    refuses("no-such-user", () -> Users.identify(named("no-such-user"), NONE, Optional.empty()));
    // Also if everything else is given, because a name alone has no number.
    refuses(
        "no-such-user",
        () -> Users.identify(named("no-such-user"), numbered(0), Optional.of(List.of())));
    // The name is not treated as a number.
    refuses("4294967290", () -> Users.identify(named("4294967290"), NONE, Optional.empty()));
  }

  @Test
  void anUnknownGroupIsNamed() {
    refuses("no-such-group", () -> Users.identify(NONE, named("no-such-group"), Optional.empty()));
    refuses(
        "no-such-group",
        () -> Users.identify(
            named("root"), NONE, Optional.of(List.of(new Account.Named("no-such-group")))));
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
            Users.identify(named(user.name), NONE, Optional.empty()));
        assertSame(
            User.of(DATABASE.getpwuid((int) user.id)).orElseThrow(),
            Users.identify(numbered(user.id), NONE, Optional.empty()));
      }
    }

    @Test
    void everyGroup() throws IOException {
      for (Group group : groups()) {
        Group expected = Group.of(DATABASE.getgrnam(group.name)).orElseThrow();
        assertEquals(
            Optional.of(expected.id),
            Users.identify(NONE, named(group.name), Optional.empty()).group());
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
        List<Long> found = Users.identify(named(user.name), NONE, Optional.empty())
            .supplementary()
            .orElseThrow();
        assertTrue(found.containsAll(expected), () -> user + " is in " + expected + ": " + found);
      }
    }

    @Test
    void namesThatAreUnknown() {
      for (String name : List.of("no-such-account", "", " root", "root:", "0", "4294967290")) {
        assertEquals(Optional.empty(), User.of(DATABASE.getpwnam(name)), name);
        assertEquals(Optional.empty(), Group.of(DATABASE.getgrnam(name)), name);
        refuses(name, () -> Users.identify(named(name), NONE, Optional.empty()));
        refuses(name, () -> Users.identify(NONE, named(name), Optional.empty()));
      }
    }

    @Test
    void numbersThatAreUnknown() {
      for (long id : List.of(NOBODYS, 0x7FFF_FFFFL, 0x8000_0000L)) {
        assertEquals(Optional.empty(), User.of(DATABASE.getpwuid((int) id)), () -> "" + id);
        assertThrows(
            ProcessDescriptorException.class,
            () -> Users.identify(numbered(id), NONE, Optional.empty()));
      }
    }
  }
}
