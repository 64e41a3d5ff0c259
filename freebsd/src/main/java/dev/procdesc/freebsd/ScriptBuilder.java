package dev.procdesc.freebsd;

import dev.procdesc.Resource;
import dev.procdesc.Signal;
import dev.procdesc.SpawnException;
import dev.procdesc.SpawnException.Step;
import dev.procdesc.freebsd.kernel.Numbers;
import dev.procdesc.freebsd.kernel.Probes;
import dev.procdesc.freebsd.kernel.Signals;
import dev.procdesc.freebsd.kernel.Syscalls;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.NativeArena;
import dev.procdesc.posix.ffi.NativeMemory;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.spawn.ChildScript.Purpose;
import dev.procdesc.posix.spawn.ChildSetup;
import dev.procdesc.posix.spawn.PreparedSpawn;
import dev.procdesc.posix.spawn.Users;
import java.util.Collection;
import java.util.List;

/** Builds the script of a child from the system calls of FreeBSD. */
public final class ScriptBuilder extends ChildSetup {
  /** Two {@code struct sigaction}: one of zeros, which is SIG_DFL, and one with SIG_IGN. */
  private static final NativeMemory DISPOSITIONS = NativeMemory.forever(2 * Numbers.SIGACTION_SIZE);

  static {
    for (int i = 0; i < DISPOSITIONS.bytes().capacity(); i += Long.BYTES) {
      DISPOSITIONS.bytes().putLong(i, 0);
    }
    DISPOSITIONS.bytes().putLong(Numbers.SIGACTION_SIZE, PosixNumbers.SIG_IGN);
  }

  private static final long DEFAULT = DISPOSITIONS.address();
  private static final long IGNORE = DEFAULT + Numbers.SIGACTION_SIZE;

  private static final Purpose DISPOSE = new Purpose(Step.SIGNALS, "sigaction", "");
  private static final Purpose MASK = new Purpose(Step.SIGNALS, "sigprocmask", "");

  private final Probes probes;

  ScriptBuilder(PreparedSpawn spawn, Probes probes) {
    super(spawn);
    this.probes = probes;
  }

  /** Adds a wait at a start barrier, before everything else. */
  void waitAt(GroupKiller.StartBarrier barrier) {
    barrier.addTo(script, arena);
  }

  @Override
  protected void limit(Resource resource, long pair) {
    int number = Numbers.rlimit(resource);
    add(Step.LIMITS, "setrlimit", resource, Numbers.SYS_SETRLIMIT, number, pair);
  }

  /**
   * Sets the supplementary groups; setresgid sets the effective group. Before FreeBSD 15, the first
   * entry of the list is the effective group, so the list must contain it.
   */
  @Override
  protected void supplementaryGroups(List<Long> groups, Users.Identity identity) {
    if (probes.setsSupplementaryGroupsOnly()) {
      int[] ids = groups.stream().mapToInt(Long::intValue).toArray();
      add(Step.USER, SETGROUPS, groups, Numbers.SYS_SETGROUPS, ids.length, arena.ints(ids));
      return;
    }
    int[] ids = new int[groups.size() + 1];
    ids[0] = identity.group().orElseGet(Syscalls::getegid).intValue();
    for (int i = 0; i < groups.size(); i++) {
      ids[i + 1] = groups.get(i).intValue();
    }
    int number = Numbers.SYS_FREEBSD14_SETGROUPS;
    add(Step.USER, SETGROUPS, groups, number, ids.length, arena.ints(ids));
  }

  @Override
  protected void noNewPrivileges() {
    long enable = arena.words(Numbers.PROC_NO_NEW_PRIVS_ENABLE);
    String operation = "procctl(PROC_NO_NEW_PRIVS_CTL)";
    int command = Numbers.PROC_NO_NEW_PRIVS_CTL;
    // Process 0 is the caller.
    add(Step.PRIVILEGES, operation, "", Numbers.SYS_PROCCTL, Numbers.P_PID, 0, command, enable);
  }

  /**
   * Reads the attributes of the terminal: pipes accept TIOCSPGRP, which sets a recipient of SIGIO.
   */
  @Override
  protected void checkTerminal(int fd) {
    long attributes = arena.allocate(Numbers.TERMIOS_SIZE).address();
    String subject = "descriptor " + fd;
    add(
        Step.SESSION,
        "ioctl(TIOCGETA)",
        subject,
        Numbers.SYS_IOCTL,
        fd,
        Numbers.TIOCGETA,
        attributes);
  }

  @Override
  protected void copyDescriptor(int from, int to) {
    add(Step.DESCRIPTORS, "dup2", "to " + to, Numbers.SYS_DUP2, from, to);
  }

  @Override
  protected void dispose(int signal, boolean ignore) {
    script.step(DISPOSE, Numbers.SYS_SIGACTION, signal, ignore ? IGNORE : DEFAULT, 0);
  }

  @Override
  protected void mask(Collection<Signal> blocked) {
    long mask = Signals.mask(arena, blocked);
    script.step(MASK, Numbers.SYS_SIGPROCMASK, Numbers.SIG_SETMASK, mask, 0);
  }

  @Override
  protected int ignorable(Signal signal) {
    return Signals.ignorable(signal);
  }

  /**
   * Refuses scripts. fexecve of a script succeeds, but its interpreter cannot open /dev/fd/N, which
   * is closed by then. The spawn could not report that error.
   */
  @Override
  protected void checkProgram(int fd, int programFd) throws SpawnException {
    NativeArena.Place start = arena.allocate(8);
    // A file that is executable but not readable is left for the kernel to check.
    if (Syscalls.pread(fd, start.address(), 2, 0) == 2
        && start.bytes().get(start.at()) == '#'
        && start.bytes().get(start.at() + 1) == '!') {
      throw Errors.spawn(
          Step.EXECUTE,
          "fexecve",
          "descriptor " + programFd,
          -PosixNumbers.ENOENT,
          "a script cannot be run from a close-on-exec descriptor; give its path");
    }
  }

  @Override
  protected void executeDescriptor(int fd, int programFd, long argv, long envp) {
    add(Step.EXECUTE, "fexecve", "descriptor " + programFd, Numbers.SYS_FEXECVE, fd, argv, envp);
  }
}
