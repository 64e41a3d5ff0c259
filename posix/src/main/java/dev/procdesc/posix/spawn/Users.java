package dev.procdesc.posix.spawn;

import com.kenai.jffi.MemoryIO;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.SpawnException;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.NativeArena;
import dev.procdesc.posix.ffi.NativeFunction;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.ffi.SystemStrings;
import dev.procdesc.spi.Account;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The user and group database, queried through the C library, which supports more sources than
 * files. Rejected: jnr-posix, which takes a third of a second to start, and runs an additional
 * program on FreeBSD.
 */
public final class Users {
  private static final int MAX_GROUPS = 65_536;

  private Users() {}

  /** The user and groups of a child. Absent parts stay as in the parent. */
  public record Identity(
      Optional<Long> user, Optional<Long> group, Optional<List<Long>> supplementary) {
    /** Returns whether any part differs from the parent's. */
    public boolean isOther() {
      return user.isPresent() || group.isPresent() || supplementary.isPresent();
    }
  }

  /**
   * Accesses the database. {@code struct passwd} and {@code struct group} begin alike in glibc,
   * musl and FreeBSD's libc: two pointers, of which the first is the name, followed by 32-bit
   * numbers.
   */
  private static final class Database {
    // getpwnam(3) returns static memory: one query at a time.
    private static final Object LOCK = new Object();
    private static final NativeFunction GETPWNAM = NativeFunction.of("getpwnam");
    private static final NativeFunction GETPWUID = NativeFunction.of("getpwuid");
    private static final NativeFunction GETGRNAM = NativeFunction.of("getgrnam");
    private static final NativeFunction GETGROUPLIST = NativeFunction.of("getgrouplist");
    private static final int NAME = 0;
    private static final int FIRST_ID = 16;
    private static final int SECOND_ID = 20;

    private Database() {}

    static long unsigned(long address) {
      return MemoryIO.getInstance().getInt(address) & 0xFFFF_FFFFL;
    }

    static String name(long entry) {
      MemoryIO memory = MemoryIO.getInstance();
      return SystemStrings.decode(
          memory.getZeroTerminatedByteArray(memory.getAddress(entry + NAME)));
    }
  }

  private record User(String name, long id, long group) {}

  /**
   * Resolves names and adds the group and supplementary groups that the database has for a user.
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
    try (NativeArena arena = new NativeArena()) {
      synchronized (Database.LOCK) {
        long entry;
        if (account instanceof Account.Named named) {
          entry = Database.GETPWNAM.callRaw(arena.string(named.name()));
          if (entry == 0) {
            throw unknown("user", named.name(), "the user database has no such user");
          }
        } else {
          entry = Database.GETPWUID.callRaw(((Account.Numbered) account).id());
          if (entry == 0) {
            return Optional.empty();
          }
        }
        return Optional.of(new User(
            Database.name(entry),
            Database.unsigned(entry + Database.FIRST_ID),
            Database.unsigned(entry + Database.SECOND_ID)));
      }
    }
  }

  private static long groupId(Account account) throws ProcessDescriptorException {
    if (account instanceof Account.Numbered numbered) {
      return numbered.id();
    }
    String name = ((Account.Named) account).name();
    try (NativeArena arena = new NativeArena()) {
      synchronized (Database.LOCK) {
        long entry = Database.GETGRNAM.callRaw(arena.string(name));
        if (entry == 0) {
          throw unknown("group", name, "the group database has no such group");
        }
        return Database.unsigned(entry + Database.FIRST_ID);
      }
    }
  }

  private static List<Long> groupsOf(User user, long primary) {
    try (NativeArena arena = new NativeArena()) {
      long name = arena.string(user.name());
      int room = 64;
      while (true) {
        NativeArena.Place count = arena.allocate(4);
        count.bytes().putInt(count.at(), room);
        NativeArena.Place ids = arena.allocate(room * 4);
        // The result for insufficient room differs between systems, and errno is not set; but the
        // count always receives the number of groups.
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
