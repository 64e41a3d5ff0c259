package dev.procdesc.posix.ffi;

/**
 * The numbers that the shared code needs. The record components differ between the systems; each
 * backend supplies them from its {@code Numbers}, which names their headers and versions.
 */
public record PosixNumbers(
    int eagain,
    int eloop,
    int enametoolong,
    int estale,
    int etimedout,
    int econnreset,
    int oCloexec,
    int oNonblock,
    int oCreat,
    int oExcl,
    int oTrunc,
    int oAppend,
    int oDirectory,
    int oPath,
    int fDupfdCloexec,
    int mapAnonymous) {
  /** {@code O_RDONLY} on every system. */
  public static final int O_RDONLY = 0;

  /** {@code O_WRONLY} on every system. */
  public static final int O_WRONLY = 1;

  /** {@code O_RDWR} on every system. */
  public static final int O_RDWR = 2;

  /** {@code O_ACCMODE} on every system. */
  public static final int O_ACCMODE = 3;

  /** {@code F_GETFD} on every system. */
  public static final int F_GETFD = 1;

  /** {@code F_SETFD} on every system. */
  public static final int F_SETFD = 2;

  /** {@code FD_CLOEXEC} on every system. */
  public static final int FD_CLOEXEC = 1;

  /** {@code F_GETFL} on every system. */
  public static final int F_GETFL = 3;

  /** {@code F_SETFL} on every system. */
  public static final int F_SETFL = 4;

  /** {@code POLLIN} on every system. */
  public static final int POLLIN = 0x1;

  /** {@code POLLOUT} on every system. */
  public static final int POLLOUT = 0x4;

  /** {@code POLLHUP} on every system. */
  public static final int POLLHUP = 0x10;

  /** {@code SIG_DFL} on every system. */
  public static final long SIG_DFL = 0;

  /** {@code SIG_IGN} on every system. */
  public static final long SIG_IGN = 1;

  /** {@code EPERM} on every system. */
  public static final int EPERM = 1;

  /** {@code ENOENT} on every system. */
  public static final int ENOENT = 2;

  /** {@code ESRCH} on every system. */
  public static final int ESRCH = 3;

  /** {@code EINTR} on every system. */
  public static final int EINTR = 4;

  /** {@code EIO} on every system. */
  public static final int EIO = 5;

  /** {@code ENXIO} on every system. */
  public static final int ENXIO = 6;

  /** {@code E2BIG} on every system. */
  public static final int E2BIG = 7;

  /** {@code ENOEXEC} on every system. */
  public static final int ENOEXEC = 8;

  /** {@code EBADF} on every system. */
  public static final int EBADF = 9;

  /** {@code ENOMEM} on every system. */
  public static final int ENOMEM = 12;

  /** {@code EACCES} on every system. */
  public static final int EACCES = 13;

  /** {@code ENODEV} on every system. */
  public static final int ENODEV = 19;

  /** {@code ENOTDIR} on every system. */
  public static final int ENOTDIR = 20;

  /** {@code EINVAL} on every system. */
  public static final int EINVAL = 22;

  /** {@code ENFILE} on every system. */
  public static final int ENFILE = 23;

  /** {@code EMFILE} on every system. */
  public static final int EMFILE = 24;

  /** {@code ENOTTY} on every system. */
  public static final int ENOTTY = 25;

  /** {@code ETXTBSY} on every system. */
  public static final int ETXTBSY = 26;

  /** {@code EPIPE} on every system. */
  public static final int EPIPE = 32;

  /** {@code ERANGE} on every system. */
  public static final int ERANGE = 34;

  /** {@code S_IFMT} on every system. */
  public static final int S_IFMT = 0xF000;

  /** {@code S_IFIFO} on every system. */
  public static final int S_IFIFO = 0x1000;

  /** {@code S_IFCHR} on every system. */
  public static final int S_IFCHR = 0x2000;

  /** {@code S_IFDIR} on every system. */
  public static final int S_IFDIR = 0x4000;

  /** {@code S_IFBLK} on every system. */
  public static final int S_IFBLK = 0x6000;

  /** {@code S_IFREG} on every system. */
  public static final int S_IFREG = 0x8000;

  /** {@code S_IFSOCK} on every system. */
  public static final int S_IFSOCK = 0xC000;

  /** {@code F_SEAL_SEAL} on every system. */
  public static final int F_SEAL_SEAL = 0x1;

  /** {@code F_SEAL_SHRINK} on every system. */
  public static final int F_SEAL_SHRINK = 0x2;

  /** {@code F_SEAL_GROW} on every system. */
  public static final int F_SEAL_GROW = 0x4;

  /** {@code F_SEAL_WRITE} on every system. */
  public static final int F_SEAL_WRITE = 0x8;

  /** {@code SIGKILL} on every system. */
  public static final int SIGKILL = 9;

  /** {@code SIGTTOU} on every system. */
  public static final int SIGTTOU = 22;

  /** {@code PROT_READ | PROT_WRITE} on every system. */
  public static final int PROT_READ_WRITE = 0x3;

  /** {@code PROT_READ | PROT_EXEC} on every system. */
  public static final int PROT_READ_EXEC = 0x5;

  /** {@code MAP_SHARED} on every system. */
  public static final int MAP_SHARED = 0x1;

  /** {@code MAP_PRIVATE} on every system. */
  public static final int MAP_PRIVATE = 0x2;

  /** {@code PRIO_PROCESS} on every system. */
  public static final int PRIO_PROCESS = 0;

  /** {@code WCOREFLAG} on every system. */
  public static final int WCOREFLAG = 0x80;

  /** Offset of {@code ru_utime} in {@code struct rusage} on every 64-bit system. */
  public static final int RUSAGE_UTIME = 0;

  /** Offset of {@code ru_stime} in {@code struct rusage} on every 64-bit system. */
  public static final int RUSAGE_STIME = 16;

  /** Offset of {@code ru_maxrss} in {@code struct rusage} on every 64-bit system. */
  public static final int RUSAGE_MAXRSS = 32;

  /** Offset of {@code ru_minflt} in {@code struct rusage} on every 64-bit system. */
  public static final int RUSAGE_MINFLT = 64;

  /** Offset of {@code ru_majflt} in {@code struct rusage} on every 64-bit system. */
  public static final int RUSAGE_MAJFLT = 72;

  /** Offset of {@code ru_inblock} in {@code struct rusage} on every 64-bit system. */
  public static final int RUSAGE_INBLOCK = 88;

  /** Offset of {@code ru_oublock} in {@code struct rusage} on every 64-bit system. */
  public static final int RUSAGE_OUBLOCK = 96;

  /** Offset of {@code ru_nvcsw} in {@code struct rusage} on every 64-bit system. */
  public static final int RUSAGE_NVCSW = 128;

  /** Offset of {@code ru_nivcsw} in {@code struct rusage} on every 64-bit system. */
  public static final int RUSAGE_NIVCSW = 136;
}
