package dev.procdesc.compat.support;

import dev.procdesc.compat.Requires;
import jnr.constants.platform.Errno;
import jnr.ffi.Pointer;

/** Seccomp filters that refuse one system call, as a container's or a service's may. */
public final class KillSeccomp {
  private static final int PR_SET_NO_NEW_PRIVS = 38;
  private static final int SECCOMP_SET_MODE_FILTER = 1;
  private static final int SECCOMP_FILTER_FLAG_TSYNC = 1;

  /** {@code BPF_LD | BPF_W | BPF_ABS} of the call's number. */
  private static final long LOAD_NUMBER = 0x20;

  /** {@code BPF_JMP | BPF_JEQ | BPF_K}, over one instruction if it is not equal. */
  private static final long IF_EQUAL = 0x0100_0015L;

  /** {@code BPF_RET | BPF_K}. */
  private static final long RETURN = 0x06;

  private static final long RET_ERRNO = 0x0005_0000L;
  private static final long RET_ALLOW = 0x7fff_0000L;

  /** The calls that a filter may refuse. */
  public enum Call {
    /** Makes an anonymous file. */
    MEMFD_CREATE(319, 279),
    /** Executes a program by descriptor. */
    EXECVEAT(322, 281),
    /** Opens a descriptor of a process. */
    PIDFD_OPEN(434, 434),
    /** Makes a pair of sockets. */
    SOCKETPAIR(53, 199);

    private final int amd64;
    private final int aarch64;

    Call(int amd64, int aarch64) {
      this.amd64 = amd64;
      this.aarch64 = aarch64;
    }
  }

  private KillSeccomp() {}

  private static boolean isAmd64() {
    String machine = System.getProperty("os.name") + " " + System.getProperty("os.arch");
    boolean amd64 = machine.equals("Linux amd64");
    Requires.that(amd64 || machine.equals("Linux aarch64"), "seccomp on x86-64 or aarch64");
    return amd64;
  }

  /** Installs a filter for all threads of this JVM and their children. */
  public static void refuse(Call call, Errno errno) {
    boolean amd64 = isAmd64();
    long[] program = {
      LOAD_NUMBER,
      IF_EQUAL | (long) (amd64 ? call.amd64 : call.aarch64) << 32,
      RETURN | (RET_ERRNO | errno.intValue()) << 32,
      RETURN | RET_ALLOW << 32,
    };
    Pointer instructions = Libc.RUNTIME.getMemoryManager().allocateDirect(8 * program.length, true);
    instructions.put(0, program, 0, program.length);
    Pointer header = Libc.RUNTIME.getMemoryManager().allocateDirect(16, true);
    header.putShort(0, (short) program.length);
    header.putPointer(8, instructions);
    Seccomp.LinuxFunctions linux = Libc.load(Seccomp.LinuxFunctions.class);
    Libc.check(() -> linux.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    Libc.checkLong(() -> linux.syscall(
        amd64 ? 317 : 277, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, header));
  }
}
