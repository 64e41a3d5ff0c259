package dev.procdesc.compat.support;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.ref.Reference;
import java.util.function.LongSupplier;
import jnr.constants.platform.Errno;
import jnr.ffi.Pointer;

/**
 * Seccomp filters as a container or a service may have them, for all threads of this JVM and their
 * children. A tool for Linux; elsewhere the tests that need it are skipped.
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

  /** The offset of the system call's number in {@code struct seccomp_data}. */
  private static final int OFFSET_NUMBER = 0;

  /**
   * The offset of the low half of the first argument in {@code struct seccomp_data}; the machines
   * known here are little-endian.
   */
  private static final int OFFSET_FIRST_ARGUMENT = 16;

  /** The system calls that {@link #refuse} can refuse. */
  public enum Call {
    /** Creates an anonymous file. */
    MEMFD_CREATE(319, 279),
    /** Executes a program that a descriptor refers to. */
    EXECVEAT(322, 281),
    /** Opens a descriptor of a process. */
    PIDFD_OPEN(434, 434),
    /** Creates a pair of connected sockets. */
    SOCKETPAIR(53, 199);

    private final int amd64;
    private final int aarch64;

    Call(int amd64, int aarch64) {
      this.amd64 = amd64;
      this.aarch64 = aarch64;
    }
  }

  private Seccomp() {}

  /** Skips the test where no filter can be made. */
  public static void require() {
    prctl();
  }

  private static int prctl() {
    return Syscall.number(157, 167);
  }

  /** Installs a filter in which one system call fails with an error. */
  public static void refuse(Call call, Errno errno) {
    install(new int[][] {
      {LOAD, 0, 0, OFFSET_NUMBER},
      {JUMP_EQUAL, 0, 1, Syscall.number(call.amd64, call.aarch64)},
      {RETURN, 0, 0, RET_ERRNO | errno.intValue()},
      {RETURN, 0, 0, RET_ALLOW},
    });
  }

  /**
   * Installs a filter in which {@code clone3} fails with ENOSYS, and {@code kill}, {@code tkill}
   * and {@code tgkill} with EPERM. Signals to this JVM's own threads are allowed, because Java
   * sends them; its children have no such exception.
   */
  public static void refuseClone3AndKill() {
    install(new int[][] {
      {LOAD, 0, 0, OFFSET_NUMBER},
      {JUMP_EQUAL, 5, 0, Syscall.number(435)}, // clone3
      {JUMP_EQUAL, 5, 0, Syscall.number(62, 129)}, // kill
      {JUMP_EQUAL, 4, 0, Syscall.number(200, 130)}, // tkill
      {JUMP_EQUAL, 0, 4, Syscall.number(234, 131)}, // tgkill
      {LOAD, 0, 0, OFFSET_FIRST_ARGUMENT},
      {JUMP_EQUAL, 2, 1, (int) ProcessHandle.current().pid()},
      {RETURN, 0, 0, RET_ERRNO | Errno.ENOSYS.intValue()},
      {RETURN, 0, 0, RET_ERRNO | Errno.EPERM.intValue()},
      {RETURN, 0, 0, RET_ALLOW},
    });
  }

  /**
   * Installs a filter.
   *
   * @param program the instructions: the operation, the jumps if true and if false, the constant
   */
  private static void install(int[][] program) {
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
    LongSupplier install = () -> Syscall.call(
        Syscall.number(317, 277),
        SECCOMP_SET_MODE_FILTER,
        SECCOMP_FILTER_FLAG_TSYNC,
        fprog.address());
    try {
      long result = install.getAsLong();
      if (result == -1 && Libc.errno() == Errno.EACCES) {
        // Without CAP_SYS_ADMIN a filter needs no_new_privs, which also disables set-user-ID.
        Libc.checkLong(() -> Syscall.call(prctl(), PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
        result = install.getAsLong();
      }
      assertEquals(0, result, () -> "seccomp: " + Libc.errno());
    } finally {
      Reference.reachabilityFence(instructions);
      Reference.reachabilityFence(fprog);
    }
  }
}
