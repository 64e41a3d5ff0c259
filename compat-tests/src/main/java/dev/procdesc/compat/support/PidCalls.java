package dev.procdesc.compat.support;

import java.util.ArrayList;
import java.util.List;
import jnr.constants.platform.Errno;

/**
 * The system calls of Linux that name a process by its ID or access its memory, with arguments that
 * change nothing.
 */
public final class PidCalls {
  private PidCalls() {}

  /** Skips the test where the numbers of the system calls are not known. */
  public static void require() {
    Syscall.number(0, 0);
  }

  private record Call(String name, int amd64, int aarch64, long a, long b, long c) {}

  private static List<Call> calls(int pid) {
    return List.of(
        new Call("kill", 62, 129, pid, 0, 0),
        new Call("kill group", 62, 129, -pid, 0, 0),
        new Call("tkill", 200, 130, pid, 0, 0),
        new Call("tgkill", 234, 131, pid, pid, 0),
        new Call("rt_sigqueueinfo", 129, 138, pid, 0, 0),
        new Call("rt_tgsigqueueinfo", 297, 240, pid, pid, 0),
        new Call("pidfd_open", 434, 434, pid, 0, 0),
        new Call("pidfd_getfd", 438, 438, -1, 0, 0),
        new Call("ptrace", 101, 117, 0x7777, pid, 0),
        new Call("process_vm_readv", 310, 270, pid, 0, 0),
        new Call("process_vm_writev", 311, 271, pid, 0, 0),
        new Call("kcmp", 312, 272, pid, pid, 0),
        new Call("process_madvise", 440, 440, -1, 0, 0),
        new Call("process_mrelease", 448, 448, -1, 0, 0),
        new Call("perf_event_open", 298, 241, 0, pid, 0),
        new Call("wait4", 61, 260, pid, 0, 1),
        new Call("wait4 of any child", 61, 260, -1, 0, 1),
        new Call("waitid P_PID", 247, 95, 1, pid, 0),
        new Call("waitid P_ALL", 247, 95, 0, 0, 0),
        new Call("setpriority", 141, 140, 0, pid, 19),
        new Call("getpriority", 140, 141, 0, pid, 0),
        new Call("setpriority of a group", 141, 140, 1, pid, 19),
        new Call("sched_setparam", 142, 118, pid, 0, 0),
        new Call("sched_setscheduler", 144, 119, pid, 0, 0),
        new Call("sched_setaffinity", 203, 122, pid, 0, 0),
        new Call("sched_setattr", 314, 274, pid, 0, 0),
        new Call("sched_getattr", 315, 275, pid, 0, 0),
        new Call("sched_getscheduler", 145, 120, pid, 0, 0),
        new Call("prlimit64", 302, 261, pid, 7, 0),
        new Call("setpgid", 109, 154, pid, pid, 0),
        new Call("getpgid", 121, 155, pid, 0, 0),
        new Call("getsid", 124, 156, pid, 0, 0),
        new Call("ioprio_set", 251, 30, 1, pid, 0),
        new Call("ioprio_get", 252, 31, 1, pid, 0),
        new Call("move_pages", 279, 239, pid, 0, 0),
        new Call("migrate_pages", 256, 238, pid, 0, 0),
        new Call("get_robust_list", 274, 100, pid, 0, 0),
        new Call("io_uring_setup", 425, 425, 0, 0, 0),
        new Call("fcntl(F_SETOWN)", 72, 25, 1, 8, pid),
        new Call("open_by_handle_at", 304, 265, -1, 0, 2),
        new Call("prctl(PR_SCHED_CORE)", 157, 167, 62, 0, pid));
  }

  /** Makes all of them on a process; returns the names of those that do not fail with EPERM. */
  public static List<String> allowed(int pid) {
    List<String> allowed = new ArrayList<>();
    for (Call call : calls(pid)) {
      long result =
          Syscall.call(Syscall.number(call.amd64, call.aarch64), call.a, call.b, call.c, 0, 0);
      if (result != -1 || Libc.errno() != Errno.EPERM) {
        allowed.add(call.name);
      }
    }
    return allowed;
  }
}
