package dev.procdesc.freebsd.kernel;

import dev.procdesc.Resource;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.ffi.SetupNumbers;
import dev.procdesc.posix.ffi.SocketNumbers;
import dev.procdesc.posix.ffi.TerminalNumbers;
import dev.procdesc.spi.Since;
import java.util.OptionalInt;

/**
 * The numbers and structure layouts of FreeBSD that the backend uses, with the header that defines
 * them and the version that introduced them if that is younger than 12.2. They are the same on all
 * 64-bit machines.
 *
 * <p>A test compares them with the numbers that C programs printed on 14.0 and 15.1 (amd64). A
 * number that neither printed is from the public sources, and is marked in {@code numbers.txt} of
 * the test; the numbers of newer releases and of kernel structures are marked here, too.
 */
public final class Numbers {
  private Numbers() {}

  // ---- System calls: sys/syscall.h

  public static final int SYS_READ = 3;
  public static final int SYS_WRITE = 4;
  public static final int SYS_CLOSE = 6;
  public static final int SYS_CHDIR = 12;
  public static final int SYS_KILL = 37;
  public static final int SYS_IOCTL = 54;
  public static final int SYS_EXECVE = 59;
  public static final int SYS_UMASK = 60;

  public static final int SYS_MUNMAP = 73;

  /**
   * {@code setgroups} before FreeBSD 15: the first entry is the effective group. Since 15 it
   * requires the kernel option COMPAT_FREEBSD14.
   */
  public static final int SYS_FREEBSD14_SETGROUPS = 80;

  public static final int SYS_SETPGID = 82;
  public static final int SYS_DUP2 = 90;
  public static final int SYS_SETPRIORITY = 96;
  public static final int SYS_SETSID = 147;
  public static final int SYS_SETRLIMIT = 195;
  public static final int SYS_GETPGID = 207;
  public static final int SYS_SETRESUID = 311;
  public static final int SYS_SETRESGID = 312;
  public static final int SYS_SIGPROCMASK = 340;
  public static final int SYS_SIGACTION = 416;
  public static final int SYS_FEXECVE = 492;

  /** FreeBSD 9. */
  public static final int SYS_PDFORK = 518;

  public static final int SYS_PDKILL = 519;
  public static final int SYS_PROCCTL = 544;

  /** FreeBSD 12.2. */
  public static final int SYS_CLOSE_RANGE = 575;

  /** FreeBSD 15. Not printed on 15.1, where C programs made the call by this number. */
  public static final int SYS_EXTERRCTL = 592;

  /** FreeBSD 15: sets the supplementary groups only. */
  public static final int SYS_SETGROUPS = 596;

  /** FreeBSD 15.1. */
  public static final int SYS_PDRFORK = 600;

  /** FreeBSD 15.1. */
  static final int SYS_PDWAIT = 601;

  /** FreeBSD 15.2. Unobserved: 15.1 answers ENOSYS. */
  static final int SYS_PDOPENPID = 603;

  // ---- sys/exterrvar.h

  /** FreeBSD 15. Not printed on 15.1, where C programs passed this number. */
  public static final int EXTERRCTL_DISABLE = 2;

  // ---- sys/procdesc.h, sys/unistd.h

  public static final int PD_DAEMON = 0x1;

  public static final int PD_CLOEXEC = 0x2;

  /**
   * FreeBSD 16: the descriptor alone retains a zombie, and the parent does not. Unobserved: 15.1
   * refuses the flag with EINVAL.
   */
  static final int PD_NOWAITPID = 0x4;

  /**
   * Like vfork, with caught signals reset to their default. By itself it requests a descriptor too.
   */
  public static final long RFSPAWN = 1L << 31;

  // ---- sys/wait.h, sys/resource.h

  public static final int P_PID = 0;
  public static final int WNOHANG = 1;
  public static final int WUNTRACED = 2;
  public static final int WCONTINUED = 4;
  public static final int WEXITED = 16;

  /**
   * The size of {@code struct __wrusage}: the process's own {@code struct rusage}, then its
   * children's.
   */
  public static final int WRUSAGE_SIZE = 288;

  public static final int RUSAGE_SIZE = 144;

  // ---- sys/event.h

  /** {@code struct kevent} since FreeBSD 12. */
  public static final int KEVENT_SIZE = 64;

  public static final int KEVENT_IDENT = 0;
  public static final int KEVENT_FILTER = 8;
  public static final int KEVENT_FLAGS = 10;
  public static final int KEVENT_FFLAGS = 12;
  public static final int KEVENT_DATA = 16;
  public static final int KEVENT_UDATA = 24;
  public static final int KEVENT_EXT = 32;
  public static final int EVFILT_READ = -1;
  public static final int EVFILT_WRITE = -2;
  public static final int EVFILT_SIGNAL = -6;
  public static final int EVFILT_PROCDESC = -8;
  public static final int EVFILT_USER = -11;
  public static final int EV_ADD = 0x1;
  public static final int EV_DELETE = 0x2;
  public static final int EV_ONESHOT = 0x10;
  public static final int EV_CLEAR = 0x20;
  public static final int EV_ERROR = 0x4000;
  public static final int NOTE_EXIT = 0x8000_0000;
  public static final int NOTE_LOWAT = 0x1;
  public static final int NOTE_TRIGGER = 0x0100_0000;

  // ---- sys/poll.h

  static final int POLLNVAL = 0x20;

  // ---- sys/signal.h

  public static final int NSIG = 128;

  /** The last signal with a name; a JVM or libthr handles many of those up to it. */
  public static final int LAST_ORDINARY_SIGNAL = 33;

  public static final int SIGEMT = 7;
  public static final int SIGSTOP = 17;
  public static final int SIGCHLD = 20;
  public static final int SIGINFO = 29;
  public static final int SIGRTMIN = 65;
  public static final int SIGRTMAX = 126;
  static final int SIG_BLOCK = 1;
  public static final int SIG_SETMASK = 3;
  public static final int SIGSET_SIZE = 16;
  public static final int SIGACTION_SIZE = 32;

  // ---- fcntl.h, sys/mman.h, errno.h: the numbers that differ between systems

  public static final PosixNumbers POSIX = new PosixNumbers(
      /* EAGAIN */ 35,
      /* ELOOP */ 62,
      /* ENAMETOOLONG */ 63,
      /* ESTALE */ 70,
      /* ETIMEDOUT */ 60,
      /* ECONNRESET */ 54,
      /* O_CLOEXEC */ 0x100000,
      /* O_NONBLOCK */ 0x4,
      /* O_CREAT */ 0x200,
      /* O_EXCL */ 0x800,
      /* O_TRUNC */ 0x400,
      /* O_APPEND */ 0x8,
      /* O_DIRECTORY */ 0x20000,
      /* O_PATH, FreeBSD 13.1 */ 0x400000,
      /* F_DUPFD_CLOEXEC */ 17,
      /* MAP_ANON */ 0x1000);

  public static final int ECHILD = 10;
  public static final int EBUSY = 16;
  public static final int ENOSYS = 78;
  static final int EMSGSIZE = 40;
  public static final int ENOTCAPABLE = 93;
  public static final int ECAPMODE = 94;

  // ---- sys/socket.h, sys/un.h, sys/filio.h, poll.h

  /**
   * Ends a record of a SOCK_SEQPACKET socket; since FreeBSD 15 a record ends only with this flag.
   */
  static final int MSG_EOR = 0x8;

  /** {@code CMSG_LEN(0)}. */
  public static final int CMSG_HEADER = 16;

  /** The numbers of sockets, including those of sys/un.h, poll.h and sys/filio.h. */
  public static final SocketNumbers SOCKETS = new SocketNumbers(
      /* SOCK_CLOEXEC */ 0x1000_0000,
      /* SOCK_NONBLOCK */ 0x2000_0000,
      /* SOL_SOCKET */ 0xFFFF,
      /* SO_TYPE */ 0x1008,
      /* SO_DOMAIN */ 0x1019,
      /* SO_ACCEPTCONN */ 0x2,
      /* AF_INET6 */ 28,
      /* SO_SNDBUF */ 0x1001,
      /* SO_RCVBUF */ 0x1002,
      /* SCM_RIGHTS */ 1,
      /* no process by a control message */ OptionalInt.empty(),
      /* MSG_DONTWAIT */ 0x80,
      /* MSG_NOSIGNAL */ 0x20000,
      /* MSG_CMSG_CLOEXEC */ 0x40000,
      /* MSG_TRUNC */ 0x10,
      /* MSG_CTRUNC */ 0x20,
      /* POLLRDHUP */ 0x4000,
      /* FIONREAD */ 0x4004_667FL,
      /* lengths are ints */ false,
      /* offsetof msg_flags */ 44,
      /* sun_len is the first field */ true,
      /* sizeof sun_path */ 104,
      /* unix(4) has path names only */ false,
      OptionalInt.of(MSG_EOR),
      OptionalInt.of(EMSGSIZE),
      // Up to FreeBSD 14 the default is 8 KiB, and a longer record is refused.
      OptionalInt.of(256 * 1024));

  // ---- fcntl.h

  /** FreeBSD 13. */
  public static final int F_GET_SEALS = 20;

  // ---- sys/stat.h

  static final int STAT_SIZE = 224;

  /** {@code st_mode}, a 16-bit number. */
  public static final int STAT_MODE = 24;

  // ---- sys/_termios.h

  /** {@code struct termios}. */
  public static final int TERMIOS_SIZE = 44;

  static final int TERMIOS_LFLAG = 12;
  static final int TERMIOS_CC = 16;
  static final int ICANON = 0x100;
  static final int VEOF = 0;

  /** {@code _POSIX_VDISABLE}. */
  private static final int VDISABLE = 0xFF;

  // ---- sys/filio.h

  /** {@code _IOW('f', 120, struct fiodgname_arg)}. */
  static final long FIODGNAME = 0x8010_6678L;

  static final int FIODGNAME_ARG_SIZE = 16;
  static final int FIODGNAME_ARG_LEN = 0;
  static final int FIODGNAME_ARG_BUF = 8;

  // ---- fcntl.h

  static final int O_NOCTTY = 0x8000;

  // ---- sys/ttycom.h

  public static final long TIOCSCTTY = 0x2000_7461L;

  /** {@code _IOR('t', 19, struct termios)}. */
  public static final long TIOCGETA = 0x402C_7413L;

  static final long TIOCGWINSZ = 0x4008_7468L;
  static final long TIOCSWINSZ = 0x8008_7467L;

  /** {@code _IOW('t', 20, struct termios)}. */
  static final long TIOCSETA = 0x802C_7414L;

  /** {@code _IOR('t', 119, int)}. */
  static final long TIOCGPGRP = 0x4004_7477L;

  /** {@code _IOW('t', 118, int)}. */
  public static final long TIOCSPGRP = 0x8004_7476L;

  // ---- sys/procctl.h

  /** FreeBSD 13.1. */
  public static final int PROC_NO_NEW_PRIVS_CTL = 19;

  static final int PROC_NO_NEW_PRIVS_STATUS = 20;
  public static final int PROC_NO_NEW_PRIVS_ENABLE = 1;

  // ---- sys/resource.h

  public static final long RLIM_INFINITY = Long.MAX_VALUE;

  /** The calls of a child's script that take the same arguments on every system. */
  public static final SetupNumbers SETUP = new SetupNumbers(
      SYS_SETSID,
      SYS_SETPGID,
      SYS_UMASK,
      SYS_SETPRIORITY,
      SYS_SETRESGID,
      SYS_SETRESUID,
      SYS_CHDIR,
      SYS_CLOSE,
      SYS_CLOSE_RANGE,
      SYS_IOCTL,
      SYS_GETPGID,
      SYS_EXECVE,
      new TerminalNumbers(
          TIOCSCTTY,
          TIOCSPGRP,
          TIOCGPGRP,
          TIOCGETA,
          TIOCSETA,
          TERMIOS_SIZE,
          TERMIOS_LFLAG,
          ICANON,
          TERMIOS_CC + VEOF,
          VDISABLE,
          TIOCGWINSZ,
          TIOCSWINSZ,
          O_NOCTTY,
          SIG_BLOCK,
          SIG_SETMASK),
      RLIM_INFINITY,
      Since.FREEBSD_CLOSE_RANGE.toString());

  /** Returns the number of a resource. */
  public static int rlimit(Resource resource) {
    return switch (resource) {
      case CPU_SECONDS -> 0;
      case FILE_SIZE -> 1;
      case DATA -> 2;
      case STACK -> 3;
      case CORE -> 4;
      case LOCKED_MEMORY -> 6;
      case PROCESSES -> 7;
      case OPEN_FILES -> 8;
      case ADDRESS_SPACE -> 10;
    };
  }

  // ---- sys/capsicum.h

  /**
   * {@code CAPRIGHT(0, 0)}: no right, in the first word of a {@code cap_rights_t}. There are two
   * words, each with a bit that indicates its index.
   */
  public static final long CAP_NONE0 = 1L << 57;

  /** {@code CAPRIGHT(1, 0)}: no right, in the second word. */
  public static final long CAP_NONE1 = 1L << 58;

  /** The version of {@code cap_rights_t}. */
  static final int CAP_RIGHTS_VERSION = 0;

  public static final long CAP_READ = CAP_NONE0 | 0x1;
  public static final long CAP_WRITE = CAP_NONE0 | 0x2;
  public static final long CAP_SEEK = CAP_NONE0 | 0xC;
  public static final long CAP_MMAP = CAP_NONE0 | 0x10;
  public static final long CAP_CREATE = CAP_NONE0 | 0x40;
  public static final long CAP_FEXECVE = CAP_NONE0 | 0x80;
  public static final long CAP_FSYNC = CAP_NONE0 | 0x100;
  public static final long CAP_FTRUNCATE = CAP_NONE0 | 0x200;
  public static final long CAP_FCNTL = CAP_NONE0 | 0x8000;
  public static final long CAP_FLOCK = CAP_NONE0 | 0x10000;
  public static final long CAP_ACCEPT = CAP_NONE0 | 0x2000_0000;
  public static final long CAP_GETSOCKOPT = CAP_NONE0 | 0x4_0000_0000L;
  public static final long CAP_SETSOCKOPT = CAP_NONE0 | 0x20_0000_0000L;
  public static final long CAP_MMAP_R = CAP_NONE0 | 0x1D;
  public static final long CAP_MMAP_X = CAP_NONE0 | 0x3C;
  public static final long CAP_LOOKUP = CAP_NONE0 | 0x400;
  public static final long CAP_FSTAT = CAP_NONE0 | 0x80000;
  public static final long CAP_FSTATFS = CAP_NONE0 | 0x100000;
  public static final long CAP_EVENT = CAP_NONE1 | 0x20;
  public static final long CAP_PDGETPID = CAP_NONE1 | 0x200;
  public static final long CAP_PDWAIT = CAP_NONE1 | 0x400;
  public static final long CAP_PDKILL = CAP_NONE1 | 0x800;

  // ---- sys/sysctl.h

  public static final int CTL_KERN = 1;
  public static final int KERN_PROC = 14;
  public static final int KERN_PROC_PGRP = 2;

  // ---- sys/user.h

  /** {@code struct kinfo_proc}; its first field is its size. Printed on 14.0 and 15.1. */
  public static final int KINFO_PROC_SIZE = 1088;

  /** The offset of {@code ki_stat}. Unobserved: from the public sources. */
  public static final int KINFO_PROC_STAT = 388;

  // ---- sys/proc.h

  /** The state of a process that was not reaped. Unobserved: from the public sources. */
  public static final int SZOMB = 5;

  // ---- elf-hints.h

  public static final int ELFHINTS_MAGIC = 0x746E_6845;

  /** {@code struct elfhints_hdr}. */
  public static final int ELFHINTS_SIZE = 128;

  public static final int ELFHINTS_VERSION = 4;
  public static final int ELFHINTS_STRTAB = 8;
  public static final int ELFHINTS_DIRLIST = 16;
  public static final int ELFHINTS_DIRLISTLEN = 20;

  // ---- sys/utsname.h

  /** {@code SYS_NMLN}: each field of {@code struct utsname}. */
  public static final int UTSNAME_FIELD = 256;

  // ---- spawn.h

  public static final int POSIX_SPAWN_SETPGROUP = 0x02;
  public static final int POSIX_SPAWN_SETSIGDEF = 0x10;
  public static final int POSIX_SPAWN_SETSIGMASK = 0x20;

  /** {@code posix_spawnattr_t} and {@code posix_spawn_file_actions_t} are pointers. */
  public static final int POSIX_SPAWN_OBJECT_SIZE = 8;
}
