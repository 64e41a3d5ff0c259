package dev.procdesc;

import dev.procdesc.spi.Since;
import java.util.List;

/**
 * A capability that a system may have or lack. {@link Platform#features()} lists those present
 * before a call needs one; a call that needs an absent feature throws
 * {@link UnsupportedFeatureException}.
 *
 * <p>Presence is determined once for each JVM, by calling the system rather than by version
 * numbers. A system property can disable each mechanism behind a feature; see
 * {@link Platform#mechanisms()}.
 */
public enum Feature {
  /** Spawning a child as a descriptor at all: a backend for this system works. */
  PROCESS_DESCRIPTORS("spawning children as descriptors", Since.P_PIDFD, Since.PDFORK),

  /**
   * The ends of children are invisible to the host program: no {@code SIGCHLD} reports them, and
   * {@code waitpid(-1)} returns no exit status of them. FreeBSD; Linux 7.1
   * ({@code CLONE_AUTOREAP}), unless {@link Spawner#collectUsage(boolean)} was requested or
   * {@link Spawner#autoreap(boolean)} refused.
   *
   * <p>Everything else remains visible. On both systems {@code SIGCHLD} reports a stop and a
   * continuation, and the child is listed by {@link ProcessHandle#children()}. On Linux, the host's
   * {@code waitpid} with {@code WUNTRACED} or {@code WCONTINUED} returns these changes, and takes
   * them from {@link ProcessDescriptor#onStateChange}; and a {@code waitpid(-1)} of a host without
   * other children blocks until the child has ended, and then fails with ECHILD (with
   * {@code WNOHANG} it returns 0 meanwhile). On FreeBSD, {@code waitpid} of the child's ID or
   * process group does return its status.
   */
  INVISIBLE_CHILDREN(
      "ends of children invisible to the host program", Since.CLONE_AUTOREAP, Since.PDFORK),

  /**
   * The exact exit status is available to every holder of a descriptor, also after other code has
   * reaped the child. FreeBSD; Linux 6.15 ({@code PIDFD_INFO_EXIT}).
   */
  STATUS_FOR_ANY_HOLDER(
      "the exit status for every holder of a descriptor",
      Since.PIDFD_INFO_EXIT,
      Since.EVFILT_PROCDESC),

  /** Enforcement of {@link OnClose#KILL} when the JVM exits or is killed, by any cause. */
  KILL_ON_JVM_DEATH("killing the children when the JVM dies", Since.P_PIDFD, Since.PDFORK),

  /**
   * Support for {@link ProcessDescriptor#signalGroup}. Linux 6.9
   * ({@code PIDFD_SIGNAL_PROCESS_GROUP}); FreeBSD by {@code killpg}, whose ID no other process or
   * group can get while a descriptor of the leader is open.
   */
  SIGNAL_GROUP(
      "signalling a process group through its leader's descriptor",
      Since.PIDFD_SIGNAL_PROCESS_GROUP,
      Since.PDGETPID),

  /**
   * Support for {@link OnClose#KILL_GROUP}, also when the JVM exits or is killed. Linux 6.9
   * ({@code PIDFD_SIGNAL_PROCESS_GROUP}); FreeBSD by a small process for each group that waits for
   * the death of the JVM.
   */
  KILL_GROUP("killing a whole process group", Since.PIDFD_SIGNAL_PROCESS_GROUP, Since.PDFORK),

  /**
   * Support for {@link OnClose#KILL_CGROUP}, also for a control group that was killed before. Linux
   * 5.14 ({@code cgroup.kill}); FreeBSD has no control groups.
   */
  KILL_CGROUP("killing a whole control group", Since.CGROUP_KILL),

  /** Collection of {@link ProcessDescriptor#resourceUsage()}. */
  RESOURCE_USAGE("resource usage of ended children", Since.P_PIDFD, Since.PDFORK),

  /** Reports of stop and continue by {@link ProcessDescriptor#onStateChange}. */
  STATE_CHANGES("stop and continue events", Since.P_PIDFD, Since.PDFORK),

  /**
   * Support for {@link Spawner#ofDescriptor(int, String...)}: executing a program from an open
   * descriptor.
   */
  SPAWN_BY_DESCRIPTOR("spawning a program from an open descriptor", Since.EXECVEAT, Since.PDFORK),

  /**
   * Support for {@link Spawner#cgroup(java.nio.file.Path)}: creating the child in a cgroup v2.
   * Linux 5.7 ({@code CLONE_INTO_CGROUP}).
   */
  CGROUP("spawning into a control group", Since.CLONE_INTO_CGROUP),

  /**
   * Support for {@link Spawner#noNewPrivileges(boolean)}. Linux 3.5 ({@code PR_SET_NO_NEW_PRIVS}),
   * FreeBSD 13.1 ({@code PROC_NO_NEW_PRIVS_CTL}).
   */
  NO_NEW_PRIVILEGES("no-new-privileges", Since.PR_SET_NO_NEW_PRIVS, Since.PROC_NO_NEW_PRIVS_CTL),

  /**
   * The options that need a system call in the child before it executes its program: user and
   * groups, umask, resource limits, nice value, controlling terminal and {@link Spawner#terminal},
   * ignored signals, extra descriptors, and on FreeBSD a new session. The feature is absent where
   * only the C library's spawn function can be used, which {@link Spawner} explains; there
   * {@link #SPAWN_BY_DESCRIPTOR}, {@link #CGROUP} and {@link #NO_NEW_PRIVILEGES} are absent too.
   */
  CHILD_SETUP("steps in the child before it executes its program", Since.P_PIDFD, Since.PDFORK),

  /**
   * Support for {@link ProcessDescriptor#open(long)}, {@link ProcessDescriptor#open(ProcessHandle)}
   * and {@link ProcessDescriptor#self()}. Linux 5.3 ({@code pidfd_open}), FreeBSD 16
   * ({@code PD_NOWAITPID}, for {@code pdopenpid}).
   */
  OPEN_PROCESS("opening a running process", Since.PIDFD_OPEN, Since.PD_NOWAITPID),

  /** Support for {@link ProcessDescriptor#info()}. Linux 6.13 ({@code PIDFD_GET_INFO}). */
  PROCESS_INFO("kernel information about a process by descriptor", Since.PIDFD_GET_INFO),

  /**
   * Comparison of any two descriptors by {@link ProcessDescriptor#sameProcess}. Linux 6.9
   * ({@code pidfs}); FreeBSD.
   */
  PROCESS_IDENTITY("comparing the processes of two descriptors", Since.PIDFS, Since.PDGETPID),

  /**
   * Support for {@link ProcessDescriptor#identity()} and
   * {@link ProcessDescriptor#open(ProcessIdentity)}. Linux 6.9 ({@code pidfs}).
   */
  UNIQUE_IDENTITY("numbers of a process that are never reused", Since.PIDFS),

  /** Support for {@link DescriptorChannel}: sending descriptors to other processes. */
  DESCRIPTOR_CHANNEL("sending descriptors to other processes", Since.P_PIDFD, Since.PDFORK),

  /** Support for {@link DescriptorChannel#peer()}. Linux 6.5 ({@code SO_PEERPIDFD}). */
  PEER_DESCRIPTOR("a descriptor of the process at the other end of a socket", Since.SO_PEERPIDFD),

  /**
   * Support for {@link Platform#enterDescriptorOnlyMode}. Linux 4.14
   * ({@code SECCOMP_GET_ACTION_AVAIL}), FreeBSD 10 ({@code cap_enter}).
   */
  DESCRIPTOR_ONLY_MODE(
      "restricting access to processes to descriptors",
      Since.SECCOMP_GET_ACTION_AVAIL,
      Since.CAP_ENTER),

  /**
   * The kernel enforces {@link Right}s, and they travel with a descriptor. FreeBSD 10
   * ({@code cap_rights_limit}).
   */
  KERNEL_RIGHTS("descriptor rights enforced by the kernel", Since.CAP_RIGHTS_LIMIT);

  private final String description;

  @SuppressWarnings("ImmutableEnumChecker") // List.of returns an unmodifiable list.
  private final List<Since> since;

  Feature(String description, Since... since) {
    this.description = description;
    this.since = List.of(since);
  }

  /**
   * Returns a description of the feature.
   *
   * @return a phrase without a verb, for use in messages
   */
  public String description() {
    return description;
  }

  /**
   * Returns the call that provides the feature on each system, with its version. A backend may need
   * more, such as a permission: {@link Platform#report(Feature)} reports the running system.
   *
   * @return an unmodifiable list with at most one call for each system; a system that is not in it
   *     lacks the feature in every version
   */
  public List<Since> since() {
    return since;
  }
}
