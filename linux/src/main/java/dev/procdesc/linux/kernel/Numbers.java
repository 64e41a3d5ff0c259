package dev.procdesc.linux.kernel;

import dev.procdesc.Resource;
import dev.procdesc.posix.ffi.Architecture;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.ffi.SetupNumbers;
import dev.procdesc.posix.ffi.SocketNumbers;
import dev.procdesc.posix.ffi.TerminalNumbers;
import dev.procdesc.spi.Since;
import java.util.OptionalInt;

/**
 * The numbers and structure layouts of Linux that the backend uses, with the header that defines
 * them and the kernel that introduced them if that is younger than 3.0. A test compares them with
 * the headers of the machine on which it runs.
 */
public final class Numbers {
  private Numbers() {}

  // ---- System calls: asm/unistd_64.h (x86-64) and asm-generic/unistd.h (aarch64)

  private static final boolean X86_64 = Architecture.CURRENT == Architecture.X86_64;

  public static final int SYS_FSTATFS = X86_64 ? 138 : 44;
  public static final int SYS_WRITE = X86_64 ? 1 : 64;
  public static final int SYS_CLOSE = X86_64 ? 3 : 57;
  public static final int SYS_RT_SIGACTION = X86_64 ? 13 : 134;
  public static final int SYS_RT_SIGPROCMASK = X86_64 ? 14 : 135;
  public static final int SYS_IOCTL = X86_64 ? 16 : 29;
  public static final int SYS_GETPID = X86_64 ? 39 : 172;
  public static final int SYS_GETTID = X86_64 ? 186 : 178;
  public static final int SYS_CLONE = X86_64 ? 56 : 220;
  public static final int SYS_SENDMSG = X86_64 ? 46 : 211;
  public static final int SYS_EXECVE = X86_64 ? 59 : 221;
  public static final int SYS_CHDIR = X86_64 ? 80 : 49;
  public static final int SYS_UMASK = X86_64 ? 95 : 166;
  public static final int SYS_FCNTL = X86_64 ? 72 : 25;
  public static final int SYS_SETPGID = X86_64 ? 109 : 154;
  public static final int SYS_SETSID = X86_64 ? 112 : 157;
  public static final int SYS_SETGROUPS = X86_64 ? 116 : 159;
  public static final int SYS_SETRESUID = X86_64 ? 117 : 147;
  public static final int SYS_SETRESGID = X86_64 ? 119 : 149;
  public static final int SYS_SETPRIORITY = X86_64 ? 141 : 140;
  public static final int SYS_PRCTL = X86_64 ? 157 : 167;
  public static final int SYS_UNSHARE = X86_64 ? 272 : 97;
  public static final int SYS_WAITID = X86_64 ? 247 : 95;
  public static final int SYS_DUP3 = X86_64 ? 292 : 24;
  public static final int SYS_PRLIMIT64 = X86_64 ? 302 : 261;

  /** Linux 3.17. */
  public static final int SYS_MEMFD_CREATE = X86_64 ? 319 : 279;

  /** Linux 3.19. */
  public static final int SYS_EXECVEAT = X86_64 ? 322 : 281;

  /** Linux 4.11. */
  public static final int SYS_STATX = X86_64 ? 332 : 291;

  /** Linux 5.1; the same on every architecture, as all that follow. */
  public static final int SYS_PIDFD_SEND_SIGNAL = 424;

  /** Linux 5.3. */
  public static final int SYS_PIDFD_OPEN = 434;

  /** Linux 5.3. */
  public static final int SYS_CLONE3 = 435;

  /** Linux 5.9. */
  public static final int SYS_CLOSE_RANGE = 436;

  // The calls that the descriptor-only mode refuses, and the call that installs the filter.

  public static final int SYS_KILL = X86_64 ? 62 : 129;
  public static final int SYS_TKILL = X86_64 ? 200 : 130;
  public static final int SYS_TGKILL = X86_64 ? 234 : 131;
  public static final int SYS_RT_SIGQUEUEINFO = X86_64 ? 129 : 138;
  public static final int SYS_RT_TGSIGQUEUEINFO = X86_64 ? 297 : 240;
  public static final int SYS_PTRACE = X86_64 ? 101 : 117;
  public static final int SYS_WAIT4 = X86_64 ? 61 : 260;
  public static final int SYS_GETPRIORITY = X86_64 ? 140 : 141;
  public static final int SYS_SCHED_SETPARAM = X86_64 ? 142 : 118;
  public static final int SYS_SCHED_GETPARAM = X86_64 ? 143 : 121;
  public static final int SYS_SCHED_SETSCHEDULER = X86_64 ? 144 : 119;
  public static final int SYS_SCHED_GETSCHEDULER = X86_64 ? 145 : 120;
  public static final int SYS_SCHED_RR_GET_INTERVAL = X86_64 ? 148 : 127;
  public static final int SYS_SCHED_SETAFFINITY = X86_64 ? 203 : 122;
  public static final int SYS_IOPRIO_SET = X86_64 ? 251 : 30;
  public static final int SYS_IOPRIO_GET = X86_64 ? 252 : 31;
  public static final int SYS_GETPGID = X86_64 ? 121 : 155;
  public static final int SYS_GETSID = X86_64 ? 124 : 156;
  public static final int SYS_MOVE_PAGES = X86_64 ? 279 : 239;
  public static final int SYS_MIGRATE_PAGES = X86_64 ? 256 : 238;
  public static final int SYS_GET_ROBUST_LIST = X86_64 ? 274 : 100;
  public static final int SYS_PERF_EVENT_OPEN = X86_64 ? 298 : 241;

  /** Linux 3.2. */
  public static final int SYS_PROCESS_VM_READV = X86_64 ? 310 : 270;

  /** Linux 3.2. */
  public static final int SYS_PROCESS_VM_WRITEV = X86_64 ? 311 : 271;

  /** Linux 3.5. */
  public static final int SYS_KCMP = X86_64 ? 312 : 272;

  /** Linux 3.14. */
  public static final int SYS_SCHED_SETATTR = X86_64 ? 314 : 274;

  /** Linux 3.14. */
  public static final int SYS_SCHED_GETATTR = X86_64 ? 315 : 275;

  /** Linux 3.17. */
  public static final int SYS_SECCOMP = X86_64 ? 317 : 277;

  /** Linux 5.1. */
  public static final int SYS_IO_URING_SETUP = 425;

  /** Linux 5.6. */
  public static final int SYS_PIDFD_GETFD = 438;

  /** Linux 5.10. */
  public static final int SYS_PROCESS_MADVISE = 440;

  /** Linux 5.15. */
  public static final int SYS_PROCESS_MRELEASE = 448;

  // The calls that open, create or change files by name. A name that only x86-64 has is the number
  // of the successor elsewhere.

  public static final int SYS_OPENAT = X86_64 ? 257 : 56;

  /** Linux 5.6. */
  public static final int SYS_OPENAT2 = 437;

  public static final int SYS_OPEN = X86_64 ? 2 : SYS_OPENAT;
  public static final int SYS_CREAT = X86_64 ? 85 : SYS_OPENAT;
  public static final int SYS_OPEN_BY_HANDLE_AT = X86_64 ? 304 : 265;
  public static final int SYS_MKNODAT = X86_64 ? 259 : 33;
  public static final int SYS_MKNOD = X86_64 ? 133 : SYS_MKNODAT;
  public static final int SYS_MKDIRAT = X86_64 ? 258 : 34;
  public static final int SYS_MKDIR = X86_64 ? 83 : SYS_MKDIRAT;
  public static final int SYS_UNLINKAT = X86_64 ? 263 : 35;
  public static final int SYS_UNLINK = X86_64 ? 87 : SYS_UNLINKAT;
  public static final int SYS_RMDIR = X86_64 ? 84 : SYS_UNLINKAT;

  /** Linux 3.15. */
  public static final int SYS_RENAMEAT2 = X86_64 ? 316 : 276;

  public static final int SYS_RENAMEAT = X86_64 ? 264 : 38;
  public static final int SYS_RENAME = X86_64 ? 82 : SYS_RENAMEAT;
  public static final int SYS_LINKAT = X86_64 ? 265 : 37;
  public static final int SYS_LINK = X86_64 ? 86 : SYS_LINKAT;
  public static final int SYS_SYMLINKAT = X86_64 ? 266 : 36;
  public static final int SYS_SYMLINK = X86_64 ? 88 : SYS_SYMLINKAT;
  public static final int SYS_FCHMODAT = X86_64 ? 268 : 53;

  /** Linux 6.6. */
  public static final int SYS_FCHMODAT2 = 452;

  public static final int SYS_CHMOD = X86_64 ? 90 : SYS_FCHMODAT;
  public static final int SYS_FCHOWNAT = X86_64 ? 260 : 54;
  public static final int SYS_CHOWN = X86_64 ? 92 : SYS_FCHOWNAT;
  public static final int SYS_LCHOWN = X86_64 ? 94 : SYS_FCHOWNAT;
  public static final int SYS_TRUNCATE = X86_64 ? 76 : 45;
  public static final int SYS_UTIMENSAT = X86_64 ? 280 : 88;
  public static final int SYS_UTIME = X86_64 ? 132 : SYS_UTIMENSAT;
  public static final int SYS_UTIMES = X86_64 ? 235 : SYS_UTIMENSAT;
  public static final int SYS_FUTIMESAT = X86_64 ? 261 : SYS_UTIMENSAT;
  public static final int SYS_SETXATTR = X86_64 ? 188 : 5;
  public static final int SYS_LSETXATTR = X86_64 ? 189 : 6;

  /** Linux 6.13. */
  public static final int SYS_SETXATTRAT = 463;

  public static final int SYS_REMOVEXATTR = X86_64 ? 197 : 14;
  public static final int SYS_LREMOVEXATTR = X86_64 ? 198 : 15;

  /** Linux 6.13. */
  public static final int SYS_REMOVEXATTRAT = 466;

  /** Linux 6.17. */
  public static final int SYS_FILE_SETATTR = 469;

  public static final int SYS_MQ_OPEN = X86_64 ? 240 : 180;
  public static final int SYS_MQ_UNLINK = X86_64 ? 241 : 181;
  public static final int SYS_MOUNT = X86_64 ? 165 : 40;
  public static final int SYS_UMOUNT2 = X86_64 ? 166 : 39;
  public static final int SYS_PIVOT_ROOT = X86_64 ? 155 : 41;
  public static final int SYS_CHROOT = X86_64 ? 161 : 51;
  public static final int SYS_SWAPON = X86_64 ? 167 : 224;
  public static final int SYS_SWAPOFF = X86_64 ? 168 : 225;
  public static final int SYS_ACCT = X86_64 ? 163 : 89;
  public static final int SYS_QUOTACTL = X86_64 ? 179 : 60;
  public static final int SYS_USELIB = X86_64 ? 134 : SYS_OPENAT;

  /** Linux 3.18. */
  public static final int SYS_BPF = X86_64 ? 321 : 280;

  public static final int SYS_FANOTIFY_INIT = X86_64 ? 300 : 262;

  /** Linux 5.2. */
  public static final int SYS_OPEN_TREE = 428;

  /** Linux 5.2. */
  public static final int SYS_MOVE_MOUNT = 429;

  /** Linux 5.2. */
  public static final int SYS_FSOPEN = 430;

  /** Linux 5.2. */
  public static final int SYS_FSCONFIG = 431;

  /** Linux 5.2. */
  public static final int SYS_FSPICK = 433;

  /** Linux 5.12. */
  public static final int SYS_MOUNT_SETATTR = 442;

  /** Linux 6.15. */
  public static final int SYS_OPEN_TREE_ATTR = 467;

  /**
   * The last call that was known when the descriptor-only mode was written: rseq_slice_yield, Linux
   * 7.0. Later calls have higher numbers, on every architecture; the first is fchroot, Linux 7.3.
   */
  public static final int SYS_LAST_KNOWN = 471;

  // ---- linux/seccomp.h, linux/filter.h, linux/audit.h

  public static final int SECCOMP_SET_MODE_FILTER = 1;
  public static final int SECCOMP_FILTER_FLAG_TSYNC = 1;

  /** Linux 4.14. */
  public static final int SECCOMP_GET_ACTION_AVAIL = 2;

  public static final int SECCOMP_RET_ERRNO = 0x0005_0000;
  public static final int SECCOMP_RET_ALLOW = 0x7FFF_0000;
  public static final int AUDIT_ARCH = X86_64 ? 0xC000_003E : 0xC000_00B7;

  /** {@code struct seccomp_data}; each argument is a word, its lower half first. */
  public static final int SECCOMP_DATA_NR = 0;

  public static final int SECCOMP_DATA_ARCH = 4;
  public static final int SECCOMP_DATA_ARGS = 16;

  /** {@code BPF_LD | BPF_W | BPF_ABS}. */
  public static final int BPF_LOAD = 0x20;

  /** {@code BPF_JMP | BPF_JEQ | BPF_K}. */
  public static final int BPF_JUMP_EQUAL = 0x15;

  /** {@code BPF_JMP | BPF_JGT | BPF_K}. */
  public static final int BPF_JUMP_GREATER = 0x25;

  /** {@code BPF_JMP | BPF_JSET | BPF_K}. */
  public static final int BPF_JUMP_SET = 0x45;

  /** {@code BPF_RET | BPF_K}. */
  public static final int BPF_RETURN = 0x06;

  // ---- linux/close_range.h

  /** Linux 5.9. */
  public static final int CLOSE_RANGE_UNSHARE = 0x2;

  // ---- linux/sched.h

  public static final long CLONE_VM = 0x100;
  public static final long CLONE_FILES = 0x400;

  /** Linux 5.2. */
  public static final long CLONE_PIDFD = 0x1000;

  public static final long CLONE_VFORK = 0x4000;

  /** Linux 5.5; clone3 only, as all that follow. */
  public static final long CLONE_CLEAR_SIGHAND = 1L << 32;

  /** Linux 5.7. */
  public static final long CLONE_INTO_CGROUP = 1L << 33;

  /** Linux 7.1. */
  public static final long CLONE_AUTOREAP = 1L << 34;

  /** Linux 7.1. */
  public static final long CLONE_NNP = 1L << 35;

  /** Linux 7.1; with CLONE_AUTOREAP, and CLONE_NNP or CAP_SYS_ADMIN. */
  public static final long CLONE_PIDFD_AUTOKILL = 1L << 36;

  /** {@code struct clone_args}: size and offsets. VER0 is Linux 5.3, VER2 (cgroup) is 5.7. */
  public static final int CLONE_ARGS_SIZE_VER0 = 64;

  public static final int CLONE_ARGS_SIZE_VER2 = 88;
  public static final int CLONE_ARGS_FLAGS = 0;
  public static final int CLONE_ARGS_PIDFD = 8;
  public static final int CLONE_ARGS_CGROUP = 80;

  // ---- linux/wait.h, asm-generic/siginfo.h, linux/resource.h

  /** Linux 5.4. */
  public static final int P_PIDFD = 3;

  public static final int WNOHANG = 0x1;
  public static final int WSTOPPED = 0x2;
  public static final int WEXITED = 0x4;
  public static final int WCONTINUED = 0x8;
  public static final int WNOWAIT = 0x0100_0000;
  public static final int WALL = 0x4000_0000;

  public static final int CLD_EXITED = 1;
  public static final int CLD_KILLED = 2;
  public static final int CLD_DUMPED = 3;
  public static final int CLD_STOPPED = 5;
  public static final int CLD_CONTINUED = 6;

  /** {@code siginfo_t} of SIGCHLD on 64-bit machines. */
  public static final int SIGINFO_SIZE = 128;

  public static final int SIGINFO_CODE = 8;
  public static final int SIGINFO_PID = 16;
  public static final int SIGINFO_STATUS = 24;

  /** {@code struct rusage}: sixteen words. */
  public static final int RUSAGE_SIZE = 144;

  // ---- linux/pidfd.h

  /** {@code _IOWR(0xFF, 11, struct pidfd_info)} with the 64 bytes of VER0. Linux 6.13. */
  public static final long PIDFD_GET_INFO = 0xC040_FF0BL;

  public static final int PIDFD_INFO_SIZE_VER0 = 64;
  public static final int PIDFD_INFO_MASK = 0;
  public static final int PIDFD_INFO_CGROUPID_AT = 8;
  public static final int PIDFD_INFO_TGID = 20;
  public static final int PIDFD_INFO_PPID = 24;
  public static final int PIDFD_INFO_RUID = 28;
  public static final int PIDFD_INFO_RGID = 32;
  public static final int PIDFD_INFO_EUID = 36;
  public static final int PIDFD_INFO_EGID = 40;
  public static final int PIDFD_INFO_SUID = 44;
  public static final int PIDFD_INFO_SGID = 48;
  public static final int PIDFD_INFO_EXIT_CODE = 60;

  /** Linux 6.13. */
  public static final long PIDFD_INFO_PID = 1L << 0;

  /** Linux 6.13. */
  public static final long PIDFD_INFO_CREDS = 1L << 1;

  /** Linux 6.13. */
  public static final long PIDFD_INFO_CGROUPID = 1L << 2;

  /** The file status flag of a pidfd that refers to one thread. Linux 6.9. */
  public static final int PIDFD_THREAD = 0x80;

  /**
   * The file status flag of a pidfd of CLONE_PIDFD_AUTOKILL: {@code O_TRUNC}, which no other pidfd
   * has. The name is that of the kernel, which does not export it. Linux 7.1.
   */
  public static final int PIDFD_AUTOKILL = 0x200;

  /** Linux 6.9. */
  public static final int PIDFD_SIGNAL_PROCESS_GROUP = 1 << 2;

  /** Linux 6.15. */
  public static final long PIDFD_INFO_EXIT = 1L << 3;

  // ---- linux/magic.h, asm/statfs.h, linux/stat.h, on 64-bit machines

  /** The file system of pidfds, whose inode numbers are never reused. Linux 6.9. */
  public static final long PID_FS_MAGIC = 0x5049_4446L;

  public static final int STATFS_TYPE = 0;
  /** The file system of pipes without a name. */
  public static final long PIPEFS_MAGIC = 0x5049_5045L;

  public static final int STATX_TYPE = 0x1;
  public static final int STATX_NLINK = 0x4;
  public static final int STATX_INO = 0x100;

  /** {@code struct statx}; the mode is a 16-bit number. */
  public static final int STATX_NLINK_AT = 16;

  public static final int STATX_MODE_AT = 28;
  public static final int STATX_INO_AT = 32;

  // ---- sys/epoll.h, sys/eventfd.h

  public static final int EPOLL_CLOEXEC = 0x80000;
  public static final int EPOLL_CTL_ADD = 1;
  public static final int EPOLL_CTL_DEL = 2;
  public static final int EPOLL_CTL_MOD = 3;
  public static final int EPOLLIN = 0x1;
  public static final int EPOLLOUT = 0x4;
  public static final int EPOLLONESHOT = 1 << 30;
  public static final int EPOLLET = 1 << 31;

  /** {@code struct epoll_event} is packed on x86-64 only. */
  public static final int EPOLL_EVENT_SIZE = X86_64 ? 12 : 16;

  public static final int EPOLL_EVENT_DATA = X86_64 ? 4 : 8;
  public static final int EFD_CLOEXEC = 0x80000;
  public static final int EFD_NONBLOCK = 0x800;

  // ---- bits/socket.h, asm-generic/socket.h, linux/socket.h

  public static final int AF_UNIX = 1;
  public static final int SOCK_SEQPACKET = 5;
  public static final int SOCK_CLOEXEC = 0x80000;
  public static final int SOL_SOCKET = 1;
  public static final int SO_SNDTIMEO = 21;

  /** Linux 6.5. */
  public static final int SO_PASSPIDFD = 76;

  /** Linux 6.5. */
  public static final int SO_PEERPIDFD = 77;

  /** Linux 6.5. */
  public static final int SCM_PIDFD = 4;

  public static final int SCM_RIGHTS = 1;
  public static final int MSG_DONTWAIT = 0x40;
  public static final int MSG_NOSIGNAL = 0x4000;
  public static final int SHUT_RDWR = 2;

  /** {@code struct msghdr} and {@code struct cmsghdr} on 64-bit machines. */
  public static final int MSGHDR_SIZE = 56;

  public static final int MSGHDR_IOV = 16;
  public static final int MSGHDR_IOVLEN = 24;
  public static final int MSGHDR_CONTROL = 32;
  public static final int MSGHDR_CONTROLLEN = 40;
  public static final int MSGHDR_FLAGS = 48;
  public static final int CMSG_DATA = 16;

  /** The numbers of sockets, including those of linux/un.h, poll.h and asm/ioctls.h. */
  public static final SocketNumbers SOCKETS = new SocketNumbers(
      /* SOCK_CLOEXEC */ SOCK_CLOEXEC,
      /* SOCK_NONBLOCK */ 0x800,
      /* SOL_SOCKET */ SOL_SOCKET,
      /* SO_TYPE */ 3,
      /* SO_DOMAIN */ 39,
      /* SO_ACCEPTCONN */ 30,
      /* AF_INET6 */ 10,
      /* SO_SNDBUF */ 7,
      /* SO_RCVBUF */ 8,
      /* SCM_RIGHTS */ SCM_RIGHTS,
      OptionalInt.of(SCM_PIDFD),
      /* MSG_DONTWAIT */ MSG_DONTWAIT,
      /* MSG_NOSIGNAL */ MSG_NOSIGNAL,
      /* MSG_CMSG_CLOEXEC */ 0x4000_0000,
      /* MSG_TRUNC */ 0x20,
      /* MSG_CTRUNC */ 0x8,
      /* POLLRDHUP */ 0x2000,
      /* FIONREAD */ 0x541BL,
      /* lengths are words */ true,
      MSGHDR_FLAGS,
      /* sun_path is the second field */ false,
      /* sizeof sun_path */ 108,
      /* unix(7): abstract addresses */ true,
      /* each send is a record */ OptionalInt.empty(),
      /* MSG_CTRUNC tells */ OptionalInt.empty(),
      /* the default is larger */ OptionalInt.empty());

  // ---- linux/memfd.h, linux/fcntl.h

  public static final int MFD_CLOEXEC = 0x1;
  public static final int MFD_ALLOW_SEALING = 0x2;

  /** Linux 6.3. */
  public static final int MFD_NOEXEC_SEAL = 0x8;

  /** Linux 6.3. */
  public static final int MFD_EXEC = 0x10;

  public static final int F_SETOWN = 8;
  public static final int F_SETOWN_EX = 15;
  public static final int F_ADD_SEALS = 1033;

  /** Linux 3.17. */
  public static final int F_GET_SEALS = 1034;

  /** F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE. */
  public static final int ALL_SEALS = 0xF;

  // ---- asm-generic/signal-defs.h, asm/signal.h

  public static final int NSIG = 64;
  public static final int SIGSTKFLT = 16;
  public static final int SIGSTOP = 19;
  public static final int SIGPWR = 30;

  /** {@code SIGRTMIN} of glibc, which uses the first two real-time signals itself; signal(7). */
  public static final int SIGRTMIN = 34;

  static final int SIG_BLOCK = 0;
  public static final int SIG_SETMASK = 2;
  public static final int SIGSET_SIZE = 8;

  /**
   * The size of {@code struct kernel_sigaction} on the architecture with the larger one (x86-64:
   * restorer).
   */
  public static final int SIGACTION_SIZE = 32;

  // ---- spawn.h and signal.h of glibc, on 64-bit machines

  public static final int POSIX_SPAWN_SETPGROUP = 0x02;
  public static final int POSIX_SPAWN_SETSIGDEF = 0x04;
  public static final int POSIX_SPAWN_SETSIGMASK = 0x08;

  /** glibc 2.26. */
  public static final int POSIX_SPAWN_SETSID = 0x80;

  /** {@code posix_spawnattr_t}. */
  public static final int SPAWN_ATTRIBUTES_SIZE = 336;

  /** {@code posix_spawn_file_actions_t}. */
  public static final int SPAWN_ACTIONS_SIZE = 80;

  /** The size of {@code sigset_t}, which has room for more signals than exist. */
  public static final int SIGSET_T_SIZE = 128;

  // ---- fcntl.h, linux/fcntl.h, sys/mman.h, errno.h: the numbers that differ between systems

  public static final PosixNumbers POSIX = new PosixNumbers(
      /* EAGAIN */ 11,
      /* ELOOP */ 40,
      /* ENAMETOOLONG */ 36,
      /* ESTALE */ 116,
      /* ETIMEDOUT */ 110,
      /* ECONNRESET */ 104,
      /* O_CLOEXEC */ 0x80000,
      /* O_NONBLOCK */ 0x800,
      /* O_CREAT */ 0x40,
      /* O_EXCL */ 0x80,
      /* O_TRUNC */ 0x200,
      /* O_APPEND */ 0x400,
      /* O_DIRECTORY, not the same everywhere */ X86_64 ? 0x10000 : 0x4000,
      /* O_PATH */ 0x200000,
      /* F_DUPFD_CLOEXEC */ 1030,
      /* MAP_ANONYMOUS */ 0x20);

  public static final int AT_EMPTY_PATH = 0x1000;
  public static final int EPERM = 1;
  public static final int ECHILD = 10;
  public static final int EBUSY = 16;
  public static final int EEXIST = 17;
  public static final int ENFILE = 23;
  static final int ENOSPC = 28;
  public static final int EREMOTE = 66;
  public static final int ECONNRESET = 104;
  public static final int ENOSYS = 38;
  public static final int ENOPROTOOPT = 92;
  public static final int EOPNOTSUPP = 95;
  public static final int ELOOP = 40;

  // ---- asm-generic/ioctls.h, linux/prctl.h

  public static final int FIOSETOWN = 0x8901;
  public static final int SIOCSPGRP = 0x8902;
  public static final int IOPRIO_WHO_PROCESS = 1;
  public static final int TIOCSCTTY = 0x540E;
  public static final int TIOCSPGRP = 0x5410;
  static final int TIOCGPGRP = 0x540F;
  static final int TCGETS = 0x5401;
  static final int TCSETS = 0x5402;

  static final int TIOCGWINSZ = 0x5413;
  static final int TIOCSWINSZ = 0x5414;

  /** {@code _IOW('T', 0x31, int)}. */
  static final long TIOCSPTLCK = 0x4004_5431L;

  /** {@code _IO('T', 0x41)}. Linux 4.13. */
  static final int TIOCGPTPEER = 0x5441;

  /** The kernel's {@code struct termios}, which is smaller than that of glibc; asm/termbits.h. */
  static final int TERMIOS_SIZE = 36;

  static final int TERMIOS_LFLAG = 12;
  static final int TERMIOS_CC = 17;
  static final int ICANON = 0x2;
  static final int VEOF = 4;

  /** {@code _POSIX_VDISABLE}, unistd.h. */
  private static final int VDISABLE = 0;

  /** fcntl.h. */
  static final int O_NOCTTY = 0x100;

  /** Linux 3.5. */
  public static final int PR_SET_NO_NEW_PRIVS = 38;

  /** Shares the core scheduling of a process with that of another one. Linux 5.14. */
  public static final int PR_SCHED_CORE = 62;

  public static final int PR_GET_DUMPABLE = 3;
  public static final int PR_SET_DUMPABLE = 4;
  public static final int PRIO_PROCESS = 0;

  /** linux/utsname.h: {@code __NEW_UTS_LEN} and a NUL, for each field of {@code struct utsname}. */
  public static final int UTSNAME_FIELD = 65;

  /** {@code RLIM64_INFINITY}. */
  public static final long RLIM_INFINITY = -1;

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
          TCGETS,
          TCSETS,
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
      Since.LINUX_CLOSE_RANGE.toString());

  /** Returns the number of a resource; asm-generic/resource.h. */
  public static int rlimit(Resource resource) {
    return switch (resource) {
      case CPU_SECONDS -> 0;
      case FILE_SIZE -> 1;
      case DATA -> 2;
      case STACK -> 3;
      case CORE -> 4;
      case PROCESSES -> 6;
      case OPEN_FILES -> 7;
      case LOCKED_MEMORY -> 8;
      case ADDRESS_SPACE -> 9;
    };
  }
}
