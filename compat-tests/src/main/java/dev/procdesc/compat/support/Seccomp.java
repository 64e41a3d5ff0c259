package dev.procdesc.compat.support;

import dev.procdesc.compat.MissingCondition;
import jnr.constants.platform.Errno;
import jnr.ffi.Pointer;

/**
 * A seccomp filter as containers have it: {@code clone3} is unknown, and nobody is signalled by
 * PID. A tool for Linux; elsewhere the tests that want it are skipped.
 */
public final class Seccomp {
  private static final int PR_SET_NO_NEW_PRIVS = 38;
  private static final int SECCOMP_SET_MODE_FILTER = 1;
  private static final int SECCOMP_FILTER_FLAG_TSYNC = 1;

  private static final int RET_ERRNO = 0x0005_0000;
  private static final int RET_ALLOW = 0x7fff_0000;

  /** {@code BPF_LD | BPF_W | BPF_ABS}. */
  private static final int LOAD = 0x20;

  /** {@code BPF_JMP | BPF_JEQ | BPF_K}. */
  private static final int JUMP_EQUAL = 0x15;

  /** {@code BPF_RET | BPF_K}. */
  private static final int RETURN = 0x06;

  /** In {@code struct seccomp_data}. */
  private static final int OFFSET_NUMBER = 0;

  /** In {@code struct seccomp_data}, the low half; the machines known here are little-endian. */
  private static final int OFFSET_FIRST_ARGUMENT = 16;

  private Seccomp() {}

  /** The functions that only Linux has. */
  public interface LinuxFunctions {
    /** {@code int prctl(int, unsigned long, …)}. */
    int prctl(int option, long a, long b, long c, long d);

    /** {@code long syscall(long, …)}. */
    long syscall(long number, long operation, long flags, Pointer argument);
  }

  /**
   * The numbers of the system calls, of one architecture.
   *
   * @param seccomp of {@code seccomp}
   * @param kill of {@code kill}
   * @param tkill of {@code tkill}
   * @param tgkill of {@code tgkill}
   */
  private record Numbers(int seccomp, int kill, int tkill, int tgkill) {
    /** The same on every architecture. */
    static final int CLONE3 = 435;

    static Numbers ofThisMachine() {
      return switch (System.getProperty("os.name") + " " + System.getProperty("os.arch")) {
        case "Linux amd64" -> new Numbers(317, 62, 200, 234);
        case "Linux aarch64" -> new Numbers(277, 129, 130, 131);
        default -> throw new MissingCondition("seccomp on x86-64 or aarch64");
      };
    }
  }

  /** Whether there is such a thing here. */
  public static void require() {
    Numbers.ofThisMachine();
  }

  /**
   * Installs the filter for all threads of this JVM and their children: {@code clone3} answers
   * ENOSYS; {@code kill}, {@code tkill} and {@code tgkill} answer EPERM, but a thread of this JVM
   * may be signalled: Java does that. The children get no such exception.
   */
  public static void refuseClone3AndKill() {
    Numbers numbers = Numbers.ofThisMachine();
    LinuxFunctions linux = Libc.load(LinuxFunctions.class);
    int[][] program = {
      {LOAD, 0, 0, OFFSET_NUMBER},
      {JUMP_EQUAL, 5, 0, Numbers.CLONE3},
      {JUMP_EQUAL, 5, 0, numbers.kill()},
      {JUMP_EQUAL, 4, 0, numbers.tkill()},
      {JUMP_EQUAL, 0, 4, numbers.tgkill()},
      {LOAD, 0, 0, OFFSET_FIRST_ARGUMENT},
      {JUMP_EQUAL, 2, 1, (int) ProcessHandle.current().pid()},
      {RETURN, 0, 0, RET_ERRNO | Errno.ENOSYS.intValue()},
      {RETURN, 0, 0, RET_ERRNO | Errno.EPERM.intValue()},
      {RETURN, 0, 0, RET_ALLOW},
    };
    Pointer instructions = Libc.RUNTIME.getMemoryManager().allocateDirect(8 * program.length, true);
    for (int i = 0; i < program.length; i++) {
      instructions.putShort(8L * i, (short) program[i][0]);
      instructions.putByte(8L * i + 2, (byte) program[i][1]);
      instructions.putByte(8L * i + 3, (byte) program[i][2]);
      instructions.putInt(8L * i + 4, program[i][3]);
    }
    Pointer fprog = Libc.RUNTIME.getMemoryManager().allocateDirect(16, true);
    fprog.putShort(0, (short) program.length);
    fprog.putPointer(8, instructions);
    if (Libc.C.geteuid() != 0) {
      Libc.check(() -> linux.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    }
    Libc.checkLong(() -> linux.syscall(
        numbers.seccomp(), SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, fprog));
  }
}
