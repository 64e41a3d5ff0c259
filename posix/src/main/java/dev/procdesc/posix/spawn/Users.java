package dev.procdesc.posix.spawn;

import com.kenai.jffi.MemoryIO;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.SpawnException;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeArena;
import dev.procdesc.posix.ffi.NativeFunction;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.ffi.SystemNumbers;
import dev.procdesc.posix.ffi.SystemStrings;
import dev.procdesc.spi.Account;
import dev.procdesc.spi.SupplementaryGroups;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * The user and group database, queried through the C library, which supports more sources than
 * files. Rejected: jnr-posix, which takes a third of a second to start, and runs an additional
 * program on FreeBSD.
 *
 * <p>A look-up that fails is never taken for an account that does not exist or has no groups,
 * because a child would then silently lack a group. The C library does not report every failure;
 * see {@link #requireReadable}.
 */
public final class Users {
  private static final int MAX_GROUPS = 65_536;
  private static final int FIRST_BUFFER = 1024;
  private static final int MAX_BUFFER = 1 << 20;

  /** Errors of a source that exists and cannot be read now. */
  private static final Set<Integer> FAILURES = Set.of(
      PosixNumbers.EPERM,
      PosixNumbers.EIO,
      PosixNumbers.ENOMEM,
      PosixNumbers.EACCES,
      PosixNumbers.ENFILE,
      PosixNumbers.EMFILE);

  private Users() {}

  /** The user and groups of a child. Absent parts stay as in the parent. */
  public record Identity(
      Optional<Long> user, Optional<Long> group, Optional<List<Long>> supplementary) {
    /** The user and groups of the parent. */
    static final Identity UNCHANGED =
        new Identity(Optional.empty(), Optional.empty(), Optional.empty());

    /** Returns whether any part differs from the parent's. */
    public boolean isOther() {
      return user.isPresent() || group.isPresent() || supplementary.isPresent();
    }
  }

  /** A database and the file that every C library reads first for it by default. */
  private enum Database {
    USERS("user", "/etc/passwd"),
    GROUPS("group", "/etc/group");

    private final String kind;
    private final String file;

    Database(String kind, String file) {
      this.kind = kind;
      this.file = file;
    }
  }

  /** The functions of the C library, which are loaded only if an account is looked up. */
  private static final class Functions {
    static final NativeFunction GETPWNAM = NativeFunction.of("getpwnam_r");
    static final NativeFunction GETPWUID = NativeFunction.of("getpwuid_r");
    static final NativeFunction GETGRNAM = NativeFunction.of("getgrnam_r");
    static final NativeFunction GETGROUPLIST = NativeFunction.of("getgrouplist");

    private Functions() {}
  }

  /**
   * Reads entries. {@code struct passwd} and {@code struct group} begin alike in glibc, musl and
   * FreeBSD's libc: two pointers, of which the first is the name, followed by 32-bit numbers.
   */
  private static final class Entry {
    /** More than the size of both structures on every system. */
    static final int SIZE = 128;

    static final int FIRST_ID = 16;
    static final int SECOND_ID = 20;
    private static final int NAME = 0;

    private Entry() {}

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
   * @throws ProcessDescriptorException if a name is unknown, or a look-up fails
   */
  public static Identity identify(
      Optional<Account> user, Optional<Account> group, SupplementaryGroups supplementary)
      throws ProcessDescriptorException {
    Optional<Long> gid = Optional.empty();
    if (group.isPresent()) {
      gid = Optional.of(groupId(group.get()));
    }
    Optional<List<Long>> groups = Optional.empty();
    if (supplementary instanceof SupplementaryGroups.Listed listed) {
      List<Long> ids = new ArrayList<>();
      for (Account account : listed.groups()) {
        ids.add(groupId(account));
      }
      groups = Optional.of(ids);
    }
    if (user.isEmpty()) {
      return new Identity(Optional.empty(), gid, groups);
    }
    boolean ofUser = supplementary instanceof SupplementaryGroups.OfUser;
    if (user.get() instanceof Account.Numbered numbered && gid.isPresent() && !ofUser) {
      return new Identity(Optional.of(numbered.id()), gid, groups);
    }
    Optional<User> known = find(user.get());
    if (known.isEmpty()) {
      long id = ((Account.Numbered) user.get()).id();
      if (gid.isEmpty()) {
        throw unknown(
            Database.USERS, id, "the user database has no such user: give a group as well");
      }
      return new Identity(Optional.of(id), gid, Optional.of(List.of()));
    }
    long primary = gid.orElse(known.get().group());
    if (ofUser) {
      groups = Optional.of(groupsOf(known.get(), primary));
    }
    return new Identity(Optional.of(known.get().id()), Optional.of(primary), groups);
  }

  private static Optional<User> find(Account account) throws ProcessDescriptorException {
    try (NativeArena arena = new NativeArena()) {
      OptionalLong entry;
      if (account instanceof Account.Named named) {
        String name = named.name();
        entry = lookUp(Database.USERS, name, Functions.GETPWNAM, arena.string(name), arena);
        if (entry.isEmpty()) {
          throw unknown(Database.USERS, name, "the user database has no such user");
        }
      } else {
        long id = ((Account.Numbered) account).id();
        entry = lookUp(Database.USERS, id, Functions.GETPWUID, id, arena);
        if (entry.isEmpty()) {
          return Optional.empty();
        }
      }
      long address = entry.getAsLong();
      return Optional.of(new User(
          Entry.name(address),
          Entry.unsigned(address + Entry.FIRST_ID),
          Entry.unsigned(address + Entry.SECOND_ID)));
    }
  }

  private static long groupId(Account account) throws ProcessDescriptorException {
    if (account instanceof Account.Numbered numbered) {
      return numbered.id();
    }
    String name = ((Account.Named) account).name();
    try (NativeArena arena = new NativeArena()) {
      OptionalLong entry =
          lookUp(Database.GROUPS, name, Functions.GETGRNAM, arena.string(name), arena);
      if (entry.isEmpty()) {
        throw unknown(Database.GROUPS, name, "the group database has no such group");
      }
      return Entry.unsigned(entry.getAsLong() + Entry.FIRST_ID);
    }
  }

  /**
   * Looks up an entry.
   *
   * @param which the name or number that messages contain
   * @param key the name's address, or the number
   * @return the address of the entry in the arena; empty if the database has none
   * @throws ProcessDescriptorException if the look-up fails
   */
  private static OptionalLong lookUp(
      Database database, Object which, NativeFunction function, long key, NativeArena arena)
      throws ProcessDescriptorException {
    long entry = arena.allocate(Entry.SIZE).address();
    NativeArena.Place result = arena.allocate(Long.BYTES);
    int size = FIRST_BUFFER;
    while (true) {
      long buffer = arena.allocate(size).address();
      int errno;
      do {
        errno = function.call(key, entry, buffer, size, result.address());
      } while (errno == PosixNumbers.EINTR);
      if (errno == PosixNumbers.ERANGE && size < MAX_BUFFER) {
        size *= 4;
        continue;
      }
      if (errno == 0 && result.bytes().getLong(result.at()) != 0) {
        return OptionalLong.of(entry);
      }
      // POSIX: 0 and no entry. A C library without the files returns ENOENT, an older one ESRCH.
      if (errno == 0 || errno == PosixNumbers.ENOENT || errno == PosixNumbers.ESRCH) {
        requireReadable(database, which, arena);
        return OptionalLong.empty();
      }
      throw failed(database, which, errno);
    }
  }

  private static List<Long> groupsOf(User user, long primary) throws ProcessDescriptorException {
    try (NativeArena arena = new NativeArena()) {
      long name = arena.string(user.name());
      int room = 64;
      while (true) {
        NativeArena.Place count = arena.allocate(4);
        count.bytes().putInt(count.at(), room);
        NativeArena.Place ids = arena.allocate(room * 4);
        NativeFunction.Reported outcome =
            Functions.GETGROUPLIST.callReporting(name, primary, ids.address(), count.address());
        int found = count.bytes().getInt(count.at());
        if (found > room && room < MAX_GROUPS) {
          // The result for insufficient room differs between systems, but the count is always set.
          room = Math.max(room * 2, Math.min(MAX_GROUPS, found));
          continue;
        }
        // glibc and FreeBSD return the groups found so far if a source fails, and leave its error
        // in errno. musl returns -1 and does not set the count.
        if (FAILURES.contains(outcome.errno())) {
          throw failed(Database.GROUPS, "the groups of " + user.name(), outcome.errno());
        }
        if (outcome.value() < 0 && found <= room) {
          int errno = outcome.errno() == 0 ? PosixNumbers.EIO : outcome.errno();
          throw failed(Database.GROUPS, "the groups of " + user.name(), errno);
        }
        requireReadable(Database.GROUPS, "the groups of " + user.name(), arena);
        List<Long> groups = new ArrayList<>();
        for (int i = 0; i < Math.min(room, found); i++) {
          groups.add(ids.bytes().getInt(ids.at() + 4 * i) & 0xFFFF_FFFFL);
        }
        return groups;
      }
    }
  }

  /**
   * Fails if the file of a database cannot be read. With several sources (nsswitch.conf), glibc
   * returns the result of the last one: the source of files fails with EMFILE, the next one does
   * not have the account, and the result is that it does not exist, without an error number.
   */
  private static void requireReadable(Database database, Object which, NativeArena arena)
      throws ProcessDescriptorException {
    int flags = PosixNumbers.O_RDONLY | SystemNumbers.posix().oCloexec();
    int fd = LibC.open(arena.string(database.file), flags, 0);
    long outcome = fd;
    if (fd >= 0) {
      outcome = LibC.read(fd, arena.allocate(1).address(), 1);
      LibC.close(fd);
    }
    if (outcome < 0 && outcome != -PosixNumbers.ENOENT && outcome != -PosixNumbers.ENOTDIR) {
      throw failed(database, which, (int) -outcome);
    }
  }

  private static ProcessDescriptorException failed(Database database, Object which, int errno) {
    String hint = "the "
        + database.kind
        + " database cannot be read; a child with a user and group by ID and with"
        + " supplementaryGroups or keepSupplementaryGroups needs no look-up";
    return lookUpFailed(database, which, errno, hint);
  }

  private static ProcessDescriptorException unknown(Database database, Object which, String text) {
    return lookUpFailed(database, which, PosixNumbers.ENOENT, text);
  }

  private static ProcessDescriptorException lookUpFailed(
      Database database, Object which, int errno, String hint) {
    return Errors.spawn(
        SpawnException.Step.PREPARE, "look up " + database.kind, which, -errno, hint);
  }
}
