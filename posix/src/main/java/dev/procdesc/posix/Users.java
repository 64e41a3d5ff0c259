package dev.procdesc.posix;

import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.SpawnException;
import dev.procdesc.spi.Account;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import jnr.posix.Group;
import jnr.posix.POSIX;
import jnr.posix.POSIXFactory;
import jnr.posix.Passwd;

/**
 * The user and group database. Loaded by the first spawn that names one, and only then: jnr-posix
 * takes a third of a second to start, and runs a program on FreeBSD.
 */
public final class Users {
  private static final int MAX_GROUPS = 65_536;

  private Users() {}

  /** Whom a child is to be. Absent parts stay as the parent's. */
  public record Identity(
      Optional<Long> user, Optional<Long> group, Optional<List<Long>> supplementary) {}

  private static final class Database {
    // getpwnam(3) answers in static memory: one question at a time.
    private static final Object LOCK = new Object();
    private static final POSIX LIBRARY = POSIXFactory.getNativePOSIX();
    private static final NativeFunction GETGROUPLIST = NativeFunction.of("getgrouplist");

    private Database() {}
  }

  private record User(String name, long id, long group) {}

  /**
   * Looks names up and fills in what the database gives a user: its group and supplementary groups.
   *
   * @throws ProcessDescriptorException if a name is unknown
   */
  public static Identity identify(
      Optional<Account> user, Optional<Account> group, Optional<List<Account>> supplementary)
      throws ProcessDescriptorException {
    Optional<Long> gid = Optional.empty();
    if (group.isPresent()) {
      gid = Optional.of(groupId(group.get()));
    }
    Optional<List<Long>> groups = Optional.empty();
    if (supplementary.isPresent()) {
      List<Long> ids = new ArrayList<>();
      for (Account account : supplementary.get()) {
        ids.add(groupId(account));
      }
      groups = Optional.of(ids);
    }
    if (user.isEmpty()) {
      return new Identity(Optional.empty(), gid, groups);
    }
    Optional<User> known = find(user.get());
    if (known.isEmpty()) {
      long id = ((Account.Numbered) user.get()).id();
      if (gid.isEmpty()) {
        throw unknown("user", id, "the user database has no such user: give a group as well");
      }
      return new Identity(Optional.of(id), gid, Optional.of(groups.orElse(List.of())));
    }
    long primary = gid.orElse(known.get().group());
    List<Long> all = groups.isPresent() ? groups.get() : groupsOf(known.get(), primary);
    return new Identity(Optional.of(known.get().id()), Optional.of(primary), Optional.of(all));
  }

  private static Optional<User> find(Account account) throws ProcessDescriptorException {
    Passwd entry;
    synchronized (Database.LOCK) {
      if (account instanceof Account.Named named) {
        entry = Database.LIBRARY.getpwnam(named.name());
        if (entry == null) {
          throw unknown("user", named.name(), "the user database has no such user");
        }
      } else {
        entry = Database.LIBRARY.getpwuid((int) ((Account.Numbered) account).id());
        if (entry == null) {
          return Optional.empty();
        }
      }
      return Optional.of(new User(
          entry.getLoginName(), entry.getUID() & 0xFFFF_FFFFL, entry.getGID() & 0xFFFF_FFFFL));
    }
  }

  private static long groupId(Account account) throws ProcessDescriptorException {
    if (account instanceof Account.Numbered numbered) {
      return numbered.id();
    }
    String name = ((Account.Named) account).name();
    synchronized (Database.LOCK) {
      Group entry = Database.LIBRARY.getgrnam(name);
      if (entry == null) {
        throw unknown("group", name, "the group database has no such group");
      }
      return entry.getGID() & 0xFFFF_FFFFL;
    }
  }

  private static List<Long> groupsOf(User user, long primary) {
    try (SpawnArena arena = new SpawnArena()) {
      long name = arena.string(user.name());
      int room = 64;
      while (true) {
        SpawnArena.Place count = arena.allocate(4);
        count.bytes().putInt(count.at(), room);
        SpawnArena.Place ids = arena.allocate(room * 4);
        // What it returns when there is not enough room differs, and it sets no errno; but the
        // count always says how many there are.
        Database.GETGROUPLIST.call(name, primary, ids.address(), count.address());
        int found = count.bytes().getInt(count.at());
        if (found <= room || room >= MAX_GROUPS) {
          List<Long> groups = new ArrayList<>();
          for (int i = 0; i < Math.min(room, found); i++) {
            groups.add(ids.bytes().getInt(ids.at() + 4 * i) & 0xFFFF_FFFFL);
          }
          return groups;
        }
        room = Math.max(room * 2, Math.min(MAX_GROUPS, found));
      }
    }
  }

  private static ProcessDescriptorException unknown(String kind, Object which, String text) {
    return Errors.spawn(
        SpawnException.Step.PREPARE, "look up " + kind, which, -PosixNumbers.ENOENT, text);
  }
}
