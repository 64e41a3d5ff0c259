package dev.procdesc.linux;

import dev.procdesc.Feature;
import dev.procdesc.Limit;
import dev.procdesc.Resource;
import dev.procdesc.Signal;
import dev.procdesc.SpawnException.Step;
import dev.procdesc.posix.ChildDescriptors;
import dev.procdesc.posix.ChildScript;
import dev.procdesc.posix.ChildScript.Purpose;
import dev.procdesc.posix.NativeMemory;
import dev.procdesc.posix.PosixNumbers;
import dev.procdesc.posix.SpawnArena;
import dev.procdesc.posix.SystemStrings;
import dev.procdesc.posix.Users;
import dev.procdesc.spi.SpawnRequest;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * The order of what a child does before its program. Session and group first, because the terminal
 * depends on them; limits and nice value while the privilege to raise them is there; groups before
 * the user, who may not change them any more; the directory as that user, because it must be open
 * to it; descriptors late, so that failures above leave nothing half done; signals last, so that no
 * signal can interrupt the script.
 */
final class ScriptBuilder {
  /** Descriptors that a child without close_range closes one by one, at the most. */
  private static final long MAX_CLOSES = 262_144;

  /** A {@code struct sigaction} of zeros: SIG_DFL; the next one has SIG_IGN; then an empty mask. */
  private static final NativeMemory DISPOSITIONS =
      NativeMemory.forever(2 * Numbers.SIGACTION_SIZE + Numbers.SIGSET_SIZE);

  static {
    for (int i = 0; i < DISPOSITIONS.bytes().capacity(); i += Long.BYTES) {
      DISPOSITIONS.bytes().putLong(i, 0);
    }
    DISPOSITIONS.bytes().putLong(Numbers.SIGACTION_SIZE, Numbers.SIG_IGN);
  }

  private static final long DEFAULT = DISPOSITIONS.address();
  private static final long IGNORE = DEFAULT + Numbers.SIGACTION_SIZE;
  private static final long EMPTY_MASK = IGNORE + Numbers.SIGACTION_SIZE;

  private static final Purpose DISPOSE = new Purpose(Step.SIGNALS, "rt_sigaction", "");
  private static final Purpose MASK = new Purpose(Step.SIGNALS, "rt_sigprocmask", "");
  private static final Purpose CLOSING =
      new Purpose(Step.DESCRIPTORS, "close_range", "all other descriptors");

  private final ChildScript script = new ChildScript();
  private final SpawnArena arena;
  private final SpawnRequest request;
  private final ChildDescriptors descriptors;

  ScriptBuilder(SpawnArena arena, SpawnRequest request, ChildDescriptors descriptors) {
    this.arena = arena;
    this.request = request;
    this.descriptors = descriptors;
  }

  ChildScript script() {
    return script;
  }

  private void add(Step step, String operation, Object subject, long number, long... arguments) {
    script.step(new Purpose(step, operation, String.valueOf(subject)), number, arguments);
  }

  /** Puts the child under guard, before anything else. */
  ScriptBuilder guard(
      Guardian.Charge charge, int socket, SpawnArena.Place pidfd, Optional<Integer> cgroupKill) {
    Guardian.tell(charge, socket, pidfd, cgroupKill, script, arena);
    return this;
  }

  /** Session and process group. */
  ScriptBuilder session() {
    if (request.newSession()) {
      add(Step.SESSION, "setsid", "", Numbers.SYS_SETSID);
    } else if (request.processGroup().isPresent()) {
      int group = request.processGroup().getAsInt();
      add(Step.SESSION, "setpgid", group, Numbers.SYS_SETPGID, 0, group);
    }
    return this;
  }

  /** Enters a control group by its cgroup.procs, where clone3 could not do it at birth. */
  ScriptBuilder enterCgroup(int procs, Path directory) {
    long zero = arena.string("0\n");
    add(Step.CGROUP, "write(cgroup.procs)", directory, Numbers.SYS_WRITE, procs, zero, 1);
    return this;
  }

  /** Umask, resource limits, nice value. */
  ScriptBuilder limits() {
    request.umask().ifPresent(mask -> add(Step.LIMITS, "umask", mask, Numbers.SYS_UMASK, mask));
    for (Map.Entry<Resource, Limit> entry : request.limits().entrySet()) {
      long pair = arena.words(
          entry.getValue().soft().orElse(Numbers.RLIM_INFINITY),
          entry.getValue().hard().orElse(Numbers.RLIM_INFINITY));
      int resource = Numbers.rlimit(entry.getKey());
      add(Step.LIMITS, "prlimit", entry.getKey(), Numbers.SYS_PRLIMIT64, 0, resource, pair, 0);
    }
    request
        .nice()
        .ifPresent(nice -> add(
            Step.LIMITS,
            "setpriority",
            nice,
            Numbers.SYS_SETPRIORITY,
            Numbers.PRIO_PROCESS,
            0,
            nice));
    return this;
  }

  /** Groups, group and user, by the raw system calls: they change this one task only. */
  ScriptBuilder identity(Users.Identity identity) {
    identity.supplementary().ifPresent(groups -> {
      int[] ids = groups.stream().mapToInt(Long::intValue).toArray();
      add(Step.USER, "setgroups", groups, Numbers.SYS_SETGROUPS, ids.length, arena.ints(ids));
    });
    identity
        .group()
        .ifPresent(id -> add(Step.USER, "setresgid", id, Numbers.SYS_SETRESGID, id, id, id));
    identity
        .user()
        .ifPresent(id -> add(Step.USER, "setresuid", id, Numbers.SYS_SETRESUID, id, id, id));
    return this;
  }

  /** Directory and no-new-privileges. */
  ScriptBuilder directoryAndPrivileges() {
    request
        .directory()
        .ifPresent(path ->
            add(Step.DIRECTORY, "chdir", path, Numbers.SYS_CHDIR, arena.string(path.toString())));
    if (request.noNewPrivileges()) {
      add(
          Step.PRIVILEGES,
          "prctl(PR_SET_NO_NEW_PRIVS)",
          "",
          Numbers.SYS_PRCTL,
          Numbers.PR_SET_NO_NEW_PRIVS,
          1,
          0,
          0,
          0);
    }
    return this;
  }

  /** Puts descriptors at their numbers and closes all others, but one that exec itself needs. */
  ScriptBuilder place(Set<Integer> kept, OptionalLong openLimit) {
    for (ChildDescriptors.Placement placement : descriptors.placements()) {
      add(
          Step.DESCRIPTORS,
          "dup3",
          "to " + placement.target(),
          Numbers.SYS_DUP3,
          placement.source(),
          placement.target(),
          0);
    }
    SortedSet<Integer> open = new TreeSet<>(descriptors.targets());
    open.addAll(kept);
    closeAllBut(script, open, openLimit);
    return this;
  }

  /**
   * Closes what nobody asked for.
   *
   * @param openLimit empty if close_range is there; else up to where descriptors are closed singly
   */
  static void closeAllBut(ChildScript script, SortedSet<Integer> open, OptionalLong openLimit) {
    long last = openLimit.isPresent() ? openLimit.getAsLong() - 1 : 0xFFFF_FFFFL;
    if (openLimit.orElse(0) > MAX_CLOSES) {
      throw LinuxBackend.unsupported(
          Feature.CHILD_SETUP,
          "close_range (Linux 5.9), or a limit of open files of at most "
              + MAX_CLOSES
              + " instead of "
              + openLimit.getAsLong());
    }
    int next = 0;
    for (int fd : open) {
      close(script, next, fd - 1L, openLimit.isEmpty());
      next = fd + 1;
    }
    close(script, next, last, openLimit.isEmpty());
  }

  private static void close(ChildScript script, long first, long last, boolean closeRange) {
    if (closeRange) {
      if (first <= last) {
        script.step(CLOSING, Numbers.SYS_CLOSE_RANGE, first, last, 0);
      }
      return;
    }
    long notOpen = ChildScript.tolerate(PosixNumbers.EBADF);
    for (long fd = first; fd <= last; fd++) {
      script.tolerantStep(CLOSING, notOpen, Numbers.SYS_CLOSE, fd);
    }
  }

  /** The terminal, by the child's own descriptor numbers. */
  ScriptBuilder terminal() {
    request
        .controllingTerminal()
        .ifPresent(fd -> add(
            Step.SESSION,
            "ioctl(TIOCSCTTY)",
            "descriptor " + fd,
            Numbers.SYS_IOCTL,
            fd,
            Numbers.TIOCSCTTY,
            0));
    if (request.foreground().isPresent()) {
      int fd = request.foreground().getAsInt();
      // The group that the child is in: its own if it leads one, else the one it was told to join.
      int group = request.newSession() ? 0 : request.processGroup().orElse(0);
      long pgrp = arena.words(group);
      if (group == 0) {
        add(Step.SESSION, "getpid", "", Numbers.SYS_GETPID);
        script.storeAt(pgrp);
      }
      // SIGTTOU cannot stop it: all signals are blocked still.
      add(
          Step.SESSION,
          "ioctl(TIOCSPGRP)",
          "descriptor " + fd,
          Numbers.SYS_IOCTL,
          fd,
          Numbers.TIOCSPGRP,
          pgrp);
    }
    return this;
  }

  /**
   * Dispositions, then the mask: after this, signals reach the child.
   *
   * @param kept the signals that this child has not back at their default by itself
   */
  ScriptBuilder signals(BitSet kept) {
    for (int number = kept.nextSetBit(1); number > 0; number = kept.nextSetBit(number + 1)) {
      dispose(number, DEFAULT);
    }
    for (Signal signal : request.ignoredSignals()) {
      dispose(Signals.number(signal), IGNORE);
    }
    long mask = EMPTY_MASK;
    if (!request.blockedSignals().isEmpty()) {
      long bits = 0;
      for (Signal signal : request.blockedSignals()) {
        bits |= Signals.bit(signal);
      }
      mask = arena.words(bits);
    }
    script.step(
        MASK, Numbers.SYS_RT_SIGPROCMASK, Numbers.SIG_SETMASK, mask, 0, Numbers.SIGSET_SIZE);
    return this;
  }

  private void dispose(int number, long action) {
    script.step(DISPOSE, Numbers.SYS_RT_SIGACTION, number, action, 0, Numbers.SIGSET_SIZE);
  }

  /** Executes a program given by its path, or the first of several that can be. */
  ScriptBuilder execute(List<byte[]> paths, long argv, long envp) {
    long next = ChildScript.tolerate(
        PosixNumbers.ENOENT, PosixNumbers.EACCES, PosixNumbers.ENOTDIR, Numbers.ENODEV);
    for (byte[] path : paths) {
      script.tolerantStep(
          new Purpose(Step.EXECUTE, "execve", SystemStrings.decode(path)),
          paths.size() == 1 ? 0 : next,
          Numbers.SYS_EXECVE,
          arena.string(path),
          argv,
          envp);
    }
    return this;
  }

  /** Executes a program given by an open descriptor. */
  ScriptBuilder execute(int fd, int programFd, long argv, long envp) {
    long empty = arena.string("");
    add(
        Step.EXECUTE,
        "execveat",
        "descriptor " + programFd,
        Numbers.SYS_EXECVEAT,
        fd,
        empty,
        argv,
        envp,
        Numbers.AT_EMPTY_PATH);
    return this;
  }
}
