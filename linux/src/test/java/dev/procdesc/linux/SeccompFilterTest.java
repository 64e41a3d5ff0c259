package dev.procdesc.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.DescriptorOnly;
import dev.procdesc.linux.kernel.Numbers;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Tests the program of the filter, in an interpreter of the five instructions that it uses. */
final class SeccompFilterTest {
  private static final int SELF = 1234;
  private static final int EPERM = Numbers.SECCOMP_RET_ERRNO | Numbers.EPERM;
  private static final int ALLOW = Numbers.SECCOMP_RET_ALLOW;
  private static final int ENOSYS = Numbers.SECCOMP_RET_ERRNO | Numbers.ENOSYS;
  private static final SeccompFilter FILTER = SeccompSandbox.filter(SELF, Set.of());
  private static final SeccompFilter FULL =
      SeccompSandbox.filter(SELF, EnumSet.allOf(DescriptorOnly.class));

  private static int run(SeccompFilter filter, int arch, int call, long... arguments) {
    ByteBuffer data = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
    data.putInt(Numbers.SECCOMP_DATA_NR, call).putInt(Numbers.SECCOMP_DATA_ARCH, arch);
    for (int i = 0; i < arguments.length; i++) {
      data.putLong(Numbers.SECCOMP_DATA_ARGS + i * Long.BYTES, arguments[i]);
    }
    List<SeccompFilter.Instruction> program = filter.program();
    int accumulator = 0;
    for (int at = 0; ; at++) {
      SeccompFilter.Instruction now = program.get(at);
      switch (now.code()) {
        case Numbers.BPF_LOAD -> accumulator = data.getInt(now.operand());
        case Numbers.BPF_JUMP_EQUAL ->
          at += accumulator == now.operand() ? now.ifTrue() : now.ifFalse();
        case Numbers.BPF_JUMP_GREATER ->
          at += Integer.compareUnsigned(accumulator, now.operand()) > 0
              ? now.ifTrue()
              : now.ifFalse();
        case Numbers.BPF_JUMP_SET ->
          at += (accumulator & now.operand()) != 0 ? now.ifTrue() : now.ifFalse();
        case Numbers.BPF_RETURN -> {
          return now.operand();
        }
        default -> throw new AssertionError("unknown instruction " + now);
      }
    }
  }

  private static int decide(int call, long... arguments) {
    return run(FILTER, Numbers.AUDIT_ARCH, call, arguments);
  }

  @Test
  void whatTheLibraryAndTheJvmNeedIsAllowed() {
    assertEquals(ALLOW, decide(Numbers.SYS_PIDFD_SEND_SIGNAL, 5, 9));
    assertEquals(ALLOW, decide(Numbers.SYS_WAITID, Numbers.P_PIDFD, 5));
    assertEquals(ALLOW, decide(Numbers.SYS_TGKILL, SELF, 99, 12));
    assertEquals(ALLOW, decide(Numbers.SYS_KILL, SELF, 3));
    assertEquals(ALLOW, decide(Numbers.SYS_PIDFD_OPEN, SELF));
    assertEquals(ALLOW, decide(Numbers.SYS_CLONE3));
    assertEquals(ALLOW, decide(Numbers.SYS_EXECVE));
    assertEquals(ALLOW, decide(Numbers.SYS_SENDMSG));
    assertEquals(ALLOW, decide(Numbers.SYS_FCNTL, 5, Numbers.POSIX.fDupfdCloexec()));
    assertEquals(ALLOW, decide(Numbers.SYS_IOCTL, 5, Numbers.PIDFD_GET_INFO));
    assertEquals(ALLOW, decide(Numbers.SYS_SETPGID, 0, 77));
    assertEquals(ALLOW, decide(Numbers.SYS_PRLIMIT64, 0, 7));
    assertEquals(ALLOW, decide(Numbers.SYS_PRLIMIT64, SELF, 7));
    assertEquals(ALLOW, decide(Numbers.SYS_SETPRIORITY, Numbers.PRIO_PROCESS, 0));
  }

  @Test
  void whatNamesAnotherProcessIsRefused() {
    for (long other : new long[] {1, SELF + 1, -1, -SELF, 0}) {
      assertEquals(EPERM, decide(Numbers.SYS_KILL, other, 0), "kill " + other);
      assertEquals(EPERM, decide(Numbers.SYS_TGKILL, other, other, 0));
      assertEquals(EPERM, decide(Numbers.SYS_TKILL, other, 0));
      assertEquals(EPERM, decide(Numbers.SYS_RT_SIGQUEUEINFO, other));
      assertEquals(EPERM, decide(Numbers.SYS_RT_TGSIGQUEUEINFO, other));
      assertEquals(EPERM, decide(Numbers.SYS_PIDFD_OPEN, other));
      assertEquals(EPERM, decide(Numbers.SYS_WAIT4, other));
    }
    assertEquals(EPERM, decide(Numbers.SYS_TKILL, SELF), "it takes threads of anybody");
    for (int type = 0; type < 3; type++) {
      assertEquals(EPERM, decide(Numbers.SYS_WAITID, type, SELF));
    }
    for (int call : new int[] {
      Numbers.SYS_SCHED_SETPARAM,
      Numbers.SYS_SCHED_SETSCHEDULER,
      Numbers.SYS_SCHED_SETAFFINITY,
      Numbers.SYS_SCHED_SETATTR,
      Numbers.SYS_PRLIMIT64,
      Numbers.SYS_SETPGID,
      Numbers.SYS_GETSID,
      Numbers.SYS_GET_ROBUST_LIST
    }) {
      assertEquals(EPERM, decide(call, 1), "call " + call);
      assertEquals(EPERM, decide(call, SELF + 1), "call " + call);
      assertEquals(ALLOW, decide(call, 0), "call " + call);
      assertEquals(ALLOW, decide(call, SELF), "call " + call);
    }
    assertEquals(EPERM, decide(Numbers.SYS_SETPRIORITY, Numbers.PRIO_PROCESS, 1));
    assertEquals(EPERM, decide(Numbers.SYS_SETPRIORITY, 1, 0), "a group");
    assertEquals(EPERM, decide(Numbers.SYS_SETPRIORITY, 2, 0), "a user's");
    assertEquals(EPERM, decide(Numbers.SYS_IOPRIO_SET, Numbers.IOPRIO_WHO_PROCESS, 1));
    assertEquals(ALLOW, decide(Numbers.SYS_IOPRIO_SET, Numbers.IOPRIO_WHO_PROCESS, 0));
    assertEquals(EPERM, decide(Numbers.SYS_FCNTL, 5, Numbers.F_SETOWN));
    assertEquals(EPERM, decide(Numbers.SYS_FCNTL, 5, Numbers.F_SETOWN_EX));
    assertEquals(EPERM, decide(Numbers.SYS_IOCTL, 5, Numbers.FIOSETOWN));
    assertEquals(EPERM, decide(Numbers.SYS_IOCTL, 5, Numbers.SIOCSPGRP));
    assertEquals(EPERM, decide(Numbers.SYS_OPEN_BY_HANDLE_AT, 5, 4096, 2), "a handle of pidfs");
    assertEquals(EPERM, decide(Numbers.SYS_PRCTL, Numbers.PR_SCHED_CORE, 1, SELF + 1));
    assertEquals(ALLOW, decide(Numbers.SYS_PRCTL, Numbers.PR_SET_NO_NEW_PRIVS, 1));
  }

  @Test
  void whatReachesIntoAnotherProcessIsRefused() {
    for (int call : new int[] {
      Numbers.SYS_PTRACE,
      Numbers.SYS_PROCESS_VM_READV,
      Numbers.SYS_PROCESS_VM_WRITEV,
      Numbers.SYS_KCMP,
      Numbers.SYS_PIDFD_GETFD,
      Numbers.SYS_PROCESS_MADVISE,
      Numbers.SYS_PROCESS_MRELEASE,
      Numbers.SYS_PERF_EVENT_OPEN,
      Numbers.SYS_IO_URING_SETUP
    }) {
      assertEquals(EPERM, decide(call, SELF, SELF), "call " + call);
    }
  }

  private static int decideFull(int call, long... arguments) {
    return run(FULL, Numbers.AUDIT_ARCH, call, arguments);
  }

  @Test
  void programsAreExecutedFromOpenDescriptors() {
    assertEquals(ALLOW, decide(Numbers.SYS_EXECVE));
    assertEquals(ALLOW, decide(Numbers.SYS_EXECVEAT, -100));
    assertEquals(EPERM, decideFull(Numbers.SYS_EXECVE));
    assertEquals(EPERM, decideFull(Numbers.SYS_EXECVEAT, -100));
    assertEquals(EPERM, decideFull(Numbers.SYS_EXECVEAT, 5, 1, 1, 1, 0x100));
    assertEquals(ALLOW, decideFull(Numbers.SYS_EXECVEAT, 5, 1, 1, 1, Numbers.AT_EMPTY_PATH));
    assertEquals(
        ALLOW, decideFull(Numbers.SYS_EXECVEAT, 5, 1, 1, 1, Numbers.AT_EMPTY_PATH | 0x100));
  }

  @Test
  void filesAreNotOpenedByName() {
    for (int call : new int[] {
      Numbers.SYS_OPENAT,
      Numbers.SYS_OPEN,
      Numbers.SYS_OPENAT2,
      Numbers.SYS_UNLINKAT,
      Numbers.SYS_MOUNT,
      Numbers.SYS_MOUNT_SETATTR
    }) {
      assertEquals(ALLOW, decide(call), "call " + call);
      assertEquals(EPERM, decideFull(call), "call " + call);
    }
    assertEquals(ALLOW, decideFull(Numbers.SYS_UTIMENSAT, 5, 0));
    assertEquals(EPERM, decideFull(Numbers.SYS_UTIMENSAT, 5, 4096));
    assertEquals(EPERM, decideFull(Numbers.SYS_UTIMENSAT, 5, 1L << 32));
    assertEquals(ALLOW, decide(Numbers.SYS_UTIMENSAT, 5, 4096));
    assertEquals(ALLOW, decideFull(Numbers.SYS_FSTATFS));
    assertEquals(ALLOW, decideFull(Numbers.SYS_MEMFD_CREATE));
    assertEquals(EPERM, decideFull(Numbers.SYS_KILL, 1), "and what is always refused");
  }

  @Test
  void whatNobodyKnewIsNotThere() {
    assertEquals(ALLOW, decide(Numbers.SYS_LAST_KNOWN));
    assertEquals(ENOSYS, decide(Numbers.SYS_LAST_KNOWN + 1));
    assertEquals(ENOSYS, decide(0x3FFF_FFFF));
    assertEquals(EPERM, decide(-1), "x32's bit is set in it");
  }

  @Test
  void theUpperHalfOfAnArgumentMakesNoDifference() {
    // The kernel converts a PID to int.
    assertEquals(EPERM, decide(Numbers.SYS_KILL, 1L << 32 | 1));
    assertEquals(ALLOW, decide(Numbers.SYS_KILL, 1L << 32 | SELF));
  }

  @Test
  void foreignArchitecturesAreRefused() {
    assertEquals(EPERM, run(FILTER, 0x4000_0003, 20), "i386");
    assertEquals(EPERM, decide(Numbers.SYS_GETPID | 0x4000_0000), "x32");
  }

  @Test
  void itFits() {
    assertTrue(FULL.program().size() < 4096, "BPF_MAXINSNS");
    for (SeccompFilter.Instruction instruction : FULL.program()) {
      assertTrue(instruction.ifTrue() < 256 && instruction.ifFalse() < 256);
    }
    ByteBuffer bytes = ByteBuffer.allocate(65536).order(ByteOrder.nativeOrder());
    int size = FILTER.write(bytes, 16);
    assertEquals(FILTER.program().size() * SeccompFilter.Instruction.SIZE, size);
    assertEquals(Numbers.BPF_LOAD, bytes.getShort(16));
    assertEquals(Numbers.SECCOMP_DATA_ARCH, bytes.getInt(20));
    assertEquals(Numbers.BPF_RETURN, bytes.getShort(16 + size - 8));
  }
}
