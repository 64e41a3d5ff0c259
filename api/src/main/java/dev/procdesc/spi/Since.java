package dev.procdesc.spi;

/**
 * The calls and flags that a backend uses, each with the first version of the system that has it.
 * Messages, reports and the documentation take their versions from here, and a test compares every
 * version in the Javadoc and in the documents with this table.
 *
 * <p>The versions serve messages only: a backend detects a call by calling it, because seccomp
 * filters and backports make version numbers wrong.
 */
public enum Since {
  /** {@code PR_SET_NO_NEW_PRIVS} of {@code prctl}. */
  PR_SET_NO_NEW_PRIVS("PR_SET_NO_NEW_PRIVS", "Linux", "3.5"),
  /** {@code execveat}. */
  EXECVEAT("execveat", "Linux", "3.19"),
  /** {@code SECCOMP_GET_ACTION_AVAIL} of {@code seccomp}. */
  SECCOMP_GET_ACTION_AVAIL("SECCOMP_GET_ACTION_AVAIL", "Linux", "4.14"),
  /** {@code pidfd_send_signal}. */
  PIDFD_SEND_SIGNAL("pidfd_send_signal", "Linux", "5.1"),
  /** {@code CLONE_PIDFD} of {@code clone}. */
  CLONE_PIDFD("CLONE_PIDFD", "Linux", "5.2"),
  /** {@code clone3}. */
  CLONE3("clone3", "Linux", "5.3"),
  /** {@code pidfd_open}. */
  PIDFD_OPEN("pidfd_open", "Linux", "5.3"),
  /** {@code P_PIDFD} of {@code waitid}. */
  P_PIDFD("P_PIDFD", "Linux", "5.4"),
  /** {@code pidfd_getfd}. */
  PIDFD_GETFD("pidfd_getfd", "Linux", "5.6"),
  /** {@code CLONE_INTO_CGROUP} of {@code clone3}. */
  CLONE_INTO_CGROUP("CLONE_INTO_CGROUP", "Linux", "5.7"),
  /** {@code close_range} of Linux. */
  LINUX_CLOSE_RANGE("close_range", "Linux", "5.9"),
  /** {@code CLOSE_RANGE_UNSHARE} of {@code close_range}. */
  CLOSE_RANGE_UNSHARE("CLOSE_RANGE_UNSHARE", "Linux", "5.9"),
  /** The file {@code cgroup.kill} of a control group. */
  CGROUP_KILL("cgroup.kill", "Linux", "5.14"),
  /** {@code SO_PEERPIDFD} of {@code getsockopt}. */
  SO_PEERPIDFD("SO_PEERPIDFD", "Linux", "6.5"),
  /** {@code SO_PASSPIDFD} of {@code setsockopt}, for messages of type {@code SCM_PIDFD}. */
  SO_PASSPIDFD("SO_PASSPIDFD", "Linux", "6.5"),
  /** {@code PIDFD_SIGNAL_PROCESS_GROUP} of {@code pidfd_send_signal}. */
  PIDFD_SIGNAL_PROCESS_GROUP("PIDFD_SIGNAL_PROCESS_GROUP", "Linux", "6.9"),
  /** The file system pidfs, in which each process has an inode number that is never reused. */
  PIDFS("pidfs", "Linux", "6.9"),
  /**
   * A copy of a part of a descriptor table in which no free number is marked as occupied. Measured
   * on 6.12; older kernels may have the correction too.
   */
  WHOLE_BITMAPS("CLOSE_RANGE_UNSHARE with whole bitmaps", "Linux", "6.12"),
  /** {@code PIDFD_GET_INFO} of {@code ioctl}. */
  PIDFD_GET_INFO("PIDFD_GET_INFO", "Linux", "6.13"),
  /** A file handle, for {@code open_by_handle_at}, of a process in pidfs. */
  PIDFS_FILE_HANDLE("file handle", "Linux", "6.14"),
  /** {@code PIDFD_INFO_EXIT} of {@code ioctl(PIDFD_GET_INFO)}. */
  PIDFD_INFO_EXIT("PIDFD_INFO_EXIT", "Linux", "6.15"),
  /** {@code CLONE_AUTOREAP} of {@code clone3}. */
  CLONE_AUTOREAP("CLONE_AUTOREAP", "Linux", "7.1"),
  /** {@code CLONE_NNP} of {@code clone3}. */
  CLONE_NNP("CLONE_NNP", "Linux", "7.1"),
  /** {@code CLONE_PIDFD_AUTOKILL} of {@code clone3}. */
  CLONE_PIDFD_AUTOKILL("CLONE_PIDFD_AUTOKILL", "Linux", "7.1"),
  /** {@code pidfd_spawn} of the C library. */
  PIDFD_SPAWN("pidfd_spawn", "glibc", "2.39"),

  /** {@code pdfork}. */
  PDFORK("pdfork", "FreeBSD", "9"),
  /** {@code pdkill}. */
  PDKILL("pdkill", "FreeBSD", "9"),
  /** {@code pdgetpid}. */
  PDGETPID("pdgetpid", "FreeBSD", "9"),
  /** {@code cap_enter}. */
  CAP_ENTER("cap_enter", "FreeBSD", "10"),
  /** {@code cap_rights_limit}. */
  CAP_RIGHTS_LIMIT("cap_rights_limit", "FreeBSD", "10"),
  /** {@code EVFILT_PROCDESC} of {@code kevent}. */
  EVFILT_PROCDESC("EVFILT_PROCDESC", "FreeBSD", "11"),
  /** {@code close_range} of FreeBSD. */
  FREEBSD_CLOSE_RANGE("close_range", "FreeBSD", "12.2"),
  /** {@code PROC_NO_NEW_PRIVS_CTL} of {@code procctl}. */
  PROC_NO_NEW_PRIVS_CTL("PROC_NO_NEW_PRIVS_CTL", "FreeBSD", "13.1"),
  /** {@code exterrctl}. */
  EXTERRCTL("exterrctl", "FreeBSD", "15"),
  /** {@code setgroups} that sets the supplementary groups only, as a call with another number. */
  SETGROUPS("setgroups", "FreeBSD", "15"),
  /** Records of a {@code SOCK_SEQPACKET} socket that end with {@code MSG_EOR} only. */
  MSG_EOR("MSG_EOR", "FreeBSD", "15"),
  /** {@code pdrfork}. */
  PDRFORK("pdrfork", "FreeBSD", "15.1"),
  /** {@code pdwait}. */
  PDWAIT("pdwait", "FreeBSD", "15.1"),
  /** {@code posix_spawnattr_setprocdescp_np} of the C library. */
  POSIX_SPAWNATTR_SETPROCDESCP_NP("posix_spawnattr_setprocdescp_np", "FreeBSD", "15.1"),
  /** {@code pdopenpid}. */
  PDOPENPID("pdopenpid", "FreeBSD", "15.2"),
  /** {@code pddupfd}. */
  PDDUPFD("pddupfd", "FreeBSD", "15.2"),
  /** {@code PD_NOWAITPID} of {@code pdfork}. */
  PD_NOWAITPID("PD_NOWAITPID", "FreeBSD", "16");

  private final String call;
  private final String system;
  private final String version;

  Since(String call, String system, String version) {
    this.call = call;
    this.system = system;
    this.version = version;
  }

  /**
   * Returns the name of the call or flag in C.
   *
   * @return a name such as {@code pidfd_open}
   */
  public String call() {
    return call;
  }

  /**
   * Returns the system that has the call.
   *
   * @return {@code Linux}, {@code glibc} or {@code FreeBSD}
   */
  public String system() {
    return system;
  }

  /**
   * Returns the first version of the system that has the call.
   *
   * @return a version such as {@code 5.3}
   */
  public String version() {
    return version;
  }

  /**
   * Returns the system and its version.
   *
   * @return text for messages, such as {@code Linux 5.3}
   */
  @Override
  public String toString() {
    return system + " " + version;
  }
}
