package dev.procdesc.linux;

import dev.procdesc.DescriptorOnly;
import dev.procdesc.Feature;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.linux.kernel.Numbers;
import dev.procdesc.linux.kernel.Probes;
import dev.procdesc.linux.kernel.Syscalls;
import dev.procdesc.posix.backend.JdkFiles;
import dev.procdesc.posix.backend.SandboxTrial;
import dev.procdesc.posix.ffi.Architecture;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.NativeMemory;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.io.NullDevice;
import dev.procdesc.posix.probe.Unsupported;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/**
 * The descriptor-only mode: no-new-privileges and a seccomp filter for all threads of this JVM and
 * all its descendants. It is irreversible.
 *
 * <p>Every call is refused that names another process by PID or accesses its state. A filter sees a
 * number and cannot determine the process behind it, so calls of the JVM on its own threads are
 * recognized by the JVM's own PID, or by the 0 that means the caller.
 *
 * <p>Deliberately allowed: {@code sched_getaffinity}, which only reads and which the C library's
 * {@code pthread_getattr_np} calls with a thread's ID whenever a thread starts; {@code capget},
 * which only reads and whose PID is in memory, which no filter can read; files, such as
 * {@code /proc/PID/mem}, which have no dedicated system call, unless FILES was requested; socket
 * messages in which a process with CAP_SYS_ADMIN names another one, because the PID is in memory;
 * calls that only query a name, such as {@code stat}, because the JVM and the C library make them
 * before many operations that need no file.
 *
 * <p>A call that is newer than this list fails with ENOSYS, as on a kernel without it, because its
 * arguments are unknown.
 *
 * <p>Landlock would be another mechanism for PROGRAMS and FILES. Rejected, because:
 *
 * <ul>
 *   <li>it restricts the calling thread and the threads that it starts later. To restrict all
 *       threads of a JVM, it needs LANDLOCK_RESTRICT_SELF_TSYNC (Linux 7.0);
 *   <li>it checks a file when it is opened, and exec opens the file behind a descriptor again. So a
 *       rule against reading or executing also refuses open programs, unless they are copies in a
 *       memfd; and the run-time linker, which the kernel opens. With a rule that allows the linker,
 *       any program can be run by it;
 *   <li>where it is compiled in, it is often not enabled ({@code lsm=}).
 * </ul>
 *
 * <p>In contrast to a filter, it could check the path that is passed with AT_EMPTY_PATH. Also
 * rejected: to compare the address of that path with the address of an empty string in a sealed
 * page. That would be safe in this JVM, but not in its children, which can map other memory there.
 */
final class SeccompSandbox {
  /** The calls that open, create or change files by name, or give names to open files. */
  private static final int[] FILES = {
    Numbers.SYS_OPENAT,
    Numbers.SYS_OPENAT2,
    Numbers.SYS_OPEN,
    Numbers.SYS_CREAT,
    Numbers.SYS_MKNODAT,
    Numbers.SYS_MKNOD,
    Numbers.SYS_MKDIRAT,
    Numbers.SYS_MKDIR,
    Numbers.SYS_UNLINKAT,
    Numbers.SYS_UNLINK,
    Numbers.SYS_RMDIR,
    Numbers.SYS_RENAMEAT2,
    Numbers.SYS_RENAMEAT,
    Numbers.SYS_RENAME,
    Numbers.SYS_LINKAT,
    Numbers.SYS_LINK,
    Numbers.SYS_SYMLINKAT,
    Numbers.SYS_SYMLINK,
    Numbers.SYS_FCHMODAT,
    Numbers.SYS_FCHMODAT2,
    Numbers.SYS_CHMOD,
    Numbers.SYS_FCHOWNAT,
    Numbers.SYS_CHOWN,
    Numbers.SYS_LCHOWN,
    Numbers.SYS_TRUNCATE,
    Numbers.SYS_SETXATTR,
    Numbers.SYS_LSETXATTR,
    Numbers.SYS_SETXATTRAT,
    Numbers.SYS_REMOVEXATTR,
    Numbers.SYS_LREMOVEXATTR,
    Numbers.SYS_REMOVEXATTRAT,
    Numbers.SYS_FILE_SETATTR,
    Numbers.SYS_MQ_OPEN,
    Numbers.SYS_MQ_UNLINK,
    Numbers.SYS_MOUNT,
    Numbers.SYS_UMOUNT2,
    Numbers.SYS_PIVOT_ROOT,
    Numbers.SYS_CHROOT,
    Numbers.SYS_SWAPON,
    Numbers.SYS_SWAPOFF,
    Numbers.SYS_ACCT,
    Numbers.SYS_QUOTACTL,
    Numbers.SYS_USELIB,
    Numbers.SYS_BPF,
    Numbers.SYS_FANOTIFY_INIT,
    Numbers.SYS_OPEN_TREE,
    Numbers.SYS_OPEN_TREE_ATTR,
    Numbers.SYS_MOVE_MOUNT,
    Numbers.SYS_FSOPEN,
    Numbers.SYS_FSCONFIG,
    Numbers.SYS_FSPICK,
    Numbers.SYS_MOUNT_SETATTR,
  };

  private final Probes probes;
  private volatile Optional<Set<DescriptorOnly>> entered = Optional.empty();

  SeccompSandbox(Probes probes) {
    this.probes = probes;
  }

  /**
   * Returns the capabilities that were given up in addition to processes by PID; empty before the
   * mode was entered.
   */
  Optional<Set<DescriptorOnly>> entered() {
    return entered;
  }

  /** Returns the filter for a process with this PID. */
  static SeccompFilter filter(int self, Set<DescriptorOnly> also) {
    int[] callerOrSelf = {0, self};
    SeccompFilter filter = new SeccompFilter(Numbers.EPERM)
        .lacksAllAfter(Numbers.SYS_LAST_KNOWN)
        // Signals.
        .onlyIf(Numbers.SYS_KILL, 0, self)
        .onlyIf(Numbers.SYS_TGKILL, 0, self)
        .refuse(Numbers.SYS_TKILL)
        .onlyIf(Numbers.SYS_RT_SIGQUEUEINFO, 0, self)
        .onlyIf(Numbers.SYS_RT_TGSIGQUEUEINFO, 0, self)
        // F_SETOWN lets the caller choose the process that receives a signal, and the signal.
        .unless(Numbers.SYS_FCNTL, 1, Numbers.F_SETOWN, Numbers.F_SETOWN_EX)
        .unless(Numbers.SYS_IOCTL, 1, Numbers.FIOSETOWN, Numbers.SIOCSPGRP)
        // Waiting.
        .refuse(Numbers.SYS_WAIT4)
        .onlyIf(Numbers.SYS_WAITID, 0, Numbers.P_PIDFD)
        // io_uring can also wait by PID, and a filter cannot see the contents of its ring.
        .refuse(Numbers.SYS_IO_URING_SETUP)
        // Conversion of a PID to a descriptor. A file handle of pidfs (Linux 6.14) is a number too,
        // and all can be tried in turn. The handles of other file systems need privilege.
        .onlyIf(Numbers.SYS_PIDFD_OPEN, 0, self)
        .refuse(Numbers.SYS_OPEN_BY_HANDLE_AT)
        .unless(Numbers.SYS_PRCTL, 0, Numbers.PR_SCHED_CORE);
    // Access to another process.
    for (int call : new int[] {
      Numbers.SYS_PTRACE,
      Numbers.SYS_PROCESS_VM_READV,
      Numbers.SYS_PROCESS_VM_WRITEV,
      Numbers.SYS_KCMP,
      Numbers.SYS_PIDFD_GETFD,
      Numbers.SYS_PROCESS_MADVISE,
      Numbers.SYS_PROCESS_MRELEASE,
      Numbers.SYS_PERF_EVENT_OPEN
    }) {
      filter.refuse(call);
    }
    // The calls that take a PID as the first argument, with 0 for the caller.
    for (int call : new int[] {
      Numbers.SYS_SCHED_SETPARAM,
      Numbers.SYS_SCHED_GETPARAM,
      Numbers.SYS_SCHED_SETSCHEDULER,
      Numbers.SYS_SCHED_GETSCHEDULER,
      Numbers.SYS_SCHED_RR_GET_INTERVAL,
      Numbers.SYS_SCHED_SETAFFINITY,
      Numbers.SYS_SCHED_SETATTR,
      Numbers.SYS_SCHED_GETATTR,
      Numbers.SYS_PRLIMIT64,
      Numbers.SYS_SETPGID,
      Numbers.SYS_GETPGID,
      Numbers.SYS_GETSID,
      Numbers.SYS_MOVE_PAGES,
      Numbers.SYS_MIGRATE_PAGES,
      Numbers.SYS_GET_ROBUST_LIST
    }) {
      filter.onlyIf(call, 0, callerOrSelf);
    }
    filter
        .onlyIfBoth(Numbers.SYS_SETPRIORITY, Numbers.PRIO_PROCESS, callerOrSelf)
        .onlyIfBoth(Numbers.SYS_GETPRIORITY, Numbers.PRIO_PROCESS, callerOrSelf)
        .onlyIfBoth(Numbers.SYS_IOPRIO_SET, Numbers.IOPRIO_WHO_PROCESS, callerOrSelf)
        .onlyIfBoth(Numbers.SYS_IOPRIO_GET, Numbers.IOPRIO_WHO_PROCESS, callerOrSelf);
    if (also.contains(DescriptorOnly.PROGRAMS)) {
      // The flag allows an empty path but does not require one, and a filter cannot read the path
      // in memory.
      filter.refuse(Numbers.SYS_EXECVE).onlyWith(Numbers.SYS_EXECVEAT, 4, Numbers.AT_EMPTY_PATH);
    }
    if (also.contains(DescriptorOnly.FILES)) {
      for (int call : FILES) {
        filter.refuse(call);
      }
      // Without a path the call refers to an open file.
      filter.onlyIfNull(Numbers.SYS_UTIMENSAT, 1);
      if (Architecture.CURRENT == Architecture.X86_64) {
        filter.refuse(Numbers.SYS_UTIME).refuse(Numbers.SYS_UTIMES).refuse(Numbers.SYS_FUTIMESAT);
      }
    }
    return filter;
  }

  /** Enters the mode, or gives up more. A later filter applies in addition to the earlier ones. */
  synchronized void enter(Set<DescriptorOnly> also) throws ProcessDescriptorException {
    if (entered.isPresent() && entered.get().containsAll(also)) {
      return;
    }
    if (!probes.seccomp().present()) {
      throw Unsupported.feature(Feature.DESCRIPTOR_ONLY_MODE, probes.seccomp().lacks());
    }
    if (also.contains(DescriptorOnly.PROGRAMS) && probes.spawnsByName()) {
      throw Unsupported.feature(
          Feature.DESCRIPTOR_ONLY_MODE,
          "the spawn stub, for DescriptorOnly.PROGRAMS: the C library creates children by executing"
              + " a program by its name");
    }
    Set<DescriptorOnly> all = EnumSet.noneOf(DescriptorOnly.class);
    all.addAll(also);
    all.addAll(entered.orElse(Set.of()));
    // Must be probed beforehand, because the probes name this JVM by PID and create children.
    probes.peer();
    probes.confine();
    if (also.contains(DescriptorOnly.FILES)) {
      NullDevice.keep();
      JdkFiles.load();
    }
    if (SandboxTrial.isRequested()) {
      SandboxTrial.begin(all, false);
      entered = Optional.of(Collections.unmodifiableSet(all));
      return;
    }
    try (NativeMemory memory = NativeMemory.borrow()) {
      int program = 16;
      int size = filter(Syscalls.getpid(), all).write(memory.bytes(), program);
      // struct sock_fprog
      memory.bytes().putShort(0, (short) (size / SeccompFilter.Instruction.SIZE));
      memory.bytes().putLong(8, memory.address() + program);
      // With TSYNC the other threads receive no-new-privileges from this thread, as they receive
      // the filter.
      int outcome = Syscalls.prctl(Numbers.PR_SET_NO_NEW_PRIVS, 1);
      if (outcome < 0) {
        throw Errors.failed("prctl(PR_SET_NO_NEW_PRIVS)", "this thread", outcome);
      }
      outcome = Syscalls.seccomp(
          Numbers.SECCOMP_SET_MODE_FILTER, Numbers.SECCOMP_FILTER_FLAG_TSYNC, memory.address());
      if (outcome > 0) {
        throw new ProcessDescriptorException(
            "seccomp",
            "all threads",
            PosixNumbers.EINVAL,
            "thread " + outcome + " of this JVM has a diverging seccomp filter");
      }
      if (outcome < 0) {
        throw Errors.failed("seccomp(SECCOMP_SET_MODE_FILTER)", "all threads", outcome);
      }
      entered = Optional.of(Collections.unmodifiableSet(all));
    }
  }
}
