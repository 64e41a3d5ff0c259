package dev.procdesc.linux;

import dev.procdesc.DescriptorOnly;
import dev.procdesc.Feature;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.posix.Errors;
import dev.procdesc.posix.NativeMemory;
import dev.procdesc.posix.PosixNumbers;
import java.util.Optional;
import java.util.Set;

/**
 * The descriptor-only mode: no-new-privileges and a seccomp filter over all threads of this JVM and
 * all its descendants, for good.
 *
 * <p>Refused is every call that names another process by PID or reaches into one. A filter sees a
 * number and cannot know whose it is; so what the JVM does to its own threads is recognized by the
 * JVM's own PID, or by the 0 that means the caller.
 *
 * <p>Left alone, on purpose: {@code sched_getaffinity}, which only reads and which the C library's
 * {@code pthread_getattr_np} calls with a thread's ID whenever a thread starts; {@code capget},
 * which only reads and whose PID stands in memory, where no filter looks; files, such as
 * {@code /proc/PID/mem}, which are no system call of their own.
 */
final class Sandbox {
  private final Kernel kernel;
  private volatile Optional<Set<DescriptorOnly>> entered = Optional.empty();

  Sandbox(Kernel kernel) {
    this.kernel = kernel;
  }

  /** What was given up beside processes by PID; empty before. */
  Optional<Set<DescriptorOnly>> entered() {
    return entered;
  }

  /** What is refused to a process with this PID. */
  static Filter filter(int self) {
    int[] callerOrSelf = {0, self};
    Filter filter = new Filter(Numbers.EPERM)
        // Signals.
        .onlyIf(Numbers.SYS_KILL, 0, self)
        .onlyIf(Numbers.SYS_TGKILL, 0, self)
        .refuse(Numbers.SYS_TKILL)
        .onlyIf(Numbers.SYS_RT_SIGQUEUEINFO, 0, self)
        .onlyIf(Numbers.SYS_RT_TGSIGQUEUEINFO, 0, self)
        // A file's owner is sent a signal of the caller's choice.
        .unless(Numbers.SYS_FCNTL, 1, Numbers.F_SETOWN, Numbers.F_SETOWN_EX)
        .unless(Numbers.SYS_IOCTL, 1, Numbers.FIOSETOWN, Numbers.SIOCSPGRP)
        // Waiting.
        .refuse(Numbers.SYS_WAIT4)
        .onlyIf(Numbers.SYS_WAITID, 0, Numbers.P_PIDFD)
        // It can wait by PID too, and no filter sees what is put into its ring.
        .refuse(Numbers.SYS_IO_URING_SETUP)
        // From a PID to a descriptor.
        .onlyIf(Numbers.SYS_PIDFD_OPEN, 0, self);
    // Into another process.
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
    // What takes a PID first, 0 being the caller.
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
    return filter
        .onlyIfBoth(Numbers.SYS_SETPRIORITY, Numbers.PRIO_PROCESS, callerOrSelf)
        .onlyIfBoth(Numbers.SYS_GETPRIORITY, Numbers.PRIO_PROCESS, callerOrSelf)
        .onlyIfBoth(Numbers.SYS_IOPRIO_SET, Numbers.IOPRIO_WHO_PROCESS, callerOrSelf)
        .onlyIfBoth(Numbers.SYS_IOPRIO_GET, Numbers.IOPRIO_WHO_PROCESS, callerOrSelf);
  }

  synchronized void enter(Set<DescriptorOnly> also) throws ProcessDescriptorException {
    if (!also.isEmpty()) {
      throw LinuxBackend.unsupported(
          Feature.DESCRIPTOR_ONLY_MODE, "the library does not do it on Linux yet: " + also);
    }
    if (entered.isPresent()) {
      return;
    }
    if (!kernel.seccomp().present()) {
      throw LinuxBackend.unsupported(
          Feature.DESCRIPTOR_ONLY_MODE, kernel.seccomp().lacks());
    }
    // It must be found out while it still can be: probes name this JVM and make children.
    kernel.peer();
    try (NativeMemory memory = NativeMemory.borrow()) {
      int program = 16;
      int size = filter(Calls.getpid()).write(memory.bytes(), program);
      // struct sock_fprog
      memory.bytes().putShort(0, (short) (size / Filter.Instruction.SIZE));
      memory.bytes().putLong(8, memory.address() + program);
      // With TSYNC the other threads get it from this one, as they get the filter.
      int outcome = Calls.prctl(Numbers.PR_SET_NO_NEW_PRIVS, 1);
      if (outcome < 0) {
        throw Errors.failed("prctl(PR_SET_NO_NEW_PRIVS)", "this thread", outcome);
      }
      outcome = Calls.seccomp(
          Numbers.SECCOMP_SET_MODE_FILTER, Numbers.SECCOMP_FILTER_FLAG_TSYNC, memory.address());
      if (outcome > 0) {
        throw new ProcessDescriptorException(
            "seccomp",
            "all threads",
            PosixNumbers.EINVAL,
            "thread " + outcome + " of this JVM has a filter of its own that it cannot share");
      }
      if (outcome < 0) {
        throw Errors.failed("seccomp(SECCOMP_SET_MODE_FILTER)", "all threads", outcome);
      }
      entered = Optional.of(also);
    }
  }
}
