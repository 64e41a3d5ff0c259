package dev.procdesc;

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
  PROCESS_DESCRIPTORS("spawning children as descriptors"),

  /**
   * Children are invisible to the host program: they send no {@code SIGCHLD}, and
   * {@code waitpid(-1)} does not return them. FreeBSD; Linux 7.1, unless
   * {@link Spawner#collectUsage(boolean)} was requested.
   */
  INVISIBLE_CHILDREN("children invisible to the host program's wait calls"),

  /**
   * The exact exit status is available to every holder of a descriptor, also after other code has
   * reaped the child. FreeBSD; Linux 6.15.
   */
  STATUS_FOR_ANY_HOLDER("the exit status for every holder of a descriptor"),

  /** Enforcement of {@link OnClose#KILL} when the JVM exits or is killed, by any cause. */
  KILL_ON_JVM_DEATH("killing the children when the JVM dies"),

  /**
   * Support for {@link ProcessDescriptor#signalGroup}. Linux 6.9; FreeBSD by {@code killpg}, whose
   * ID no other process or group can get while a descriptor of the leader is open.
   */
  SIGNAL_GROUP("signalling a process group through its leader's descriptor"),

  /**
   * Support for {@link OnClose#KILL_GROUP}, also when the JVM exits or is killed. Linux 6.9;
   * FreeBSD by a small process for each group that waits for the death of the JVM.
   */
  KILL_GROUP("killing a whole process group"),

  /** Support for {@link OnClose#KILL_CGROUP}. Linux 5.14; FreeBSD has no control groups. */
  KILL_CGROUP("killing a whole control group"),

  /** Collection of {@link ProcessDescriptor#resourceUsage()}. */
  RESOURCE_USAGE("resource usage of ended children"),

  /** Reports of stop and continue by {@link ProcessDescriptor#onStateChange}. */
  STATE_CHANGES("stop and continue events"),

  /**
   * Support for {@link Spawner#ofDescriptor(int, String...)}: executing a program from an open
   * descriptor.
   */
  SPAWN_BY_DESCRIPTOR("spawning a program from an open descriptor"),

  /**
   * Support for {@link Spawner#cgroup(java.nio.file.Path)}: creating the child in a cgroup v2.
   * Linux 5.7.
   */
  CGROUP("spawning into a control group"),

  /** Support for {@link Spawner#noNewPrivileges(boolean)}. Linux 3.5, FreeBSD 13.1. */
  NO_NEW_PRIVILEGES("no-new-privileges"),

  /**
   * The options that need a system call in the child before it executes its program: user and
   * groups, umask, resource limits, nice value, controlling terminal, ignored signals, extra
   * descriptors, no-new-privileges, and on FreeBSD a new session. The feature is absent where only
   * the C library's spawn function can be used.
   */
  CHILD_SETUP("steps in the child before it executes its program"),

  /**
   * Support for {@link ProcessDescriptor#open(long)}, {@link ProcessDescriptor#open(ProcessHandle)}
   * and {@link ProcessDescriptor#self()}. Linux 5.3, FreeBSD 16.
   */
  OPEN_PROCESS("opening a running process"),

  /** Support for {@link ProcessDescriptor#info()}. Linux 6.13. */
  PROCESS_INFO("kernel information about a process by descriptor"),

  /**
   * Comparison of any two descriptors by {@link ProcessDescriptor#sameProcess}. Linux 6.9; FreeBSD.
   */
  PROCESS_IDENTITY("comparing the processes of two descriptors"),

  /** Support for {@link DescriptorChannel}: sending descriptors to other processes. */
  DESCRIPTOR_CHANNEL("sending descriptors to other processes"),

  /** Support for {@link DescriptorChannel#peer()}. Linux 6.5. */
  PEER_DESCRIPTOR("a descriptor of the process at the other end of a socket"),

  /** Support for {@link Platform#enterDescriptorOnlyMode}. Linux 4.14, FreeBSD 10. */
  DESCRIPTOR_ONLY_MODE("restricting access to processes to descriptors"),

  /** The kernel enforces {@link Right}s, and they travel with a descriptor. FreeBSD 10. */
  KERNEL_RIGHTS("descriptor rights enforced by the kernel");

  private final String description;

  Feature(String description) {
    this.description = description;
  }

  /**
   * Returns a description of the feature.
   *
   * @return a phrase without a verb, for use in messages
   */
  public String description() {
    return description;
  }
}
