package dev.procdesc;

/**
 * What a system may or may not be able to do. {@link Platform#features()} says what is there before
 * you call; a call that needs an absent feature throws {@link UnsupportedFeatureException}.
 *
 * <p>Presence is found by calling, not by version numbers, once for each JVM. Each mechanism behind
 * it can be switched off by a system property, see {@link Platform#mechanisms()}.
 */
public enum Feature {
  /** A child can be spawned as a descriptor at all: a backend for this system works. */
  PROCESS_DESCRIPTORS("spawning children as descriptors"),

  /**
   * Children are invisible to the host program: no {@code SIGCHLD}, not seen by
   * {@code waitpid(-1)}. FreeBSD; Linux from 7.1, unless {@link Spawner#collectUsage(boolean)} was
   * asked for.
   */
  INVISIBLE_CHILDREN("children that the host program's wait calls do not see"),

  /**
   * The exact exit status is there for any holder of a descriptor, and also after other code has
   * reaped the child. FreeBSD; Linux from 6.15.
   */
  STATUS_FOR_ANY_HOLDER("the exit status for every holder of a descriptor"),

  /** {@link OnClose#KILL} holds when the JVM dies, in whatever way. */
  KILL_ON_JVM_DEATH("killing the children when the JVM dies"),

  /**
   * {@link ProcessDescriptor#signalGroup}. Linux 6.9; on FreeBSD by {@code killpg}, whose number
   * nobody else can get as long as the leader's descriptor is open.
   */
  SIGNAL_GROUP("signalling a process group through its leader's descriptor"),

  /**
   * {@link OnClose#KILL_GROUP}, also when the JVM dies. Linux 6.9; FreeBSD, by a small process for
   * each group that waits for the JVM's death.
   */
  KILL_GROUP("killing a whole process group"),

  /** {@link OnClose#KILL_CGROUP}. Linux 5.14; FreeBSD lacks control groups. */
  KILL_CGROUP("killing a whole control group"),

  /** {@link ProcessDescriptor#resourceUsage()} can be collected. */
  RESOURCE_USAGE("resource usage of ended children"),

  /** {@link ProcessDescriptor#onStateChange} reports stop and continue. */
  STATE_CHANGES("stop and continue events"),

  /** {@link Spawner#ofDescriptor(int, String...)}: a program given as an open descriptor. */
  SPAWN_BY_DESCRIPTOR("spawning a program from an open descriptor"),

  /** {@link Spawner#cgroup(java.nio.file.Path)}: the child is born in a cgroup v2. Linux 5.7. */
  CGROUP("spawning into a control group"),

  /** {@link Spawner#noNewPrivileges(boolean)}. Linux 3.5, FreeBSD 14. */
  NO_NEW_PRIVILEGES("no-new-privileges"),

  /**
   * The options that need a system call in the child before it executes its program: user and
   * groups, umask, resource limits, nice value, controlling terminal, ignored signals, extra
   * descriptors, no-new-privileges, on FreeBSD a new session. Absent where only the C library's
   * spawn function can be used.
   */
  CHILD_SETUP("steps in the child before it executes its program"),

  /** {@link ProcessDescriptor#open(long)} and its kin. Linux 5.3, FreeBSD 16. */
  OPEN_PROCESS("opening a running process"),

  /** {@link ProcessDescriptor#info()}. Linux 6.13. */
  PROCESS_INFO("what the kernel tells of a process by descriptor"),

  /** {@link ProcessDescriptor#sameProcess} tells for any two descriptors. Linux 6.9. */
  PROCESS_IDENTITY("telling whether two descriptors are of one process"),

  /** {@link DescriptorChannel}: descriptors can be sent to other processes. */
  DESCRIPTOR_CHANNEL("sending descriptors to other processes"),

  /** {@link DescriptorChannel#peer()}. Linux 6.5. */
  PEER_DESCRIPTOR("a descriptor of the process at the other end of a socket"),

  /** {@link Platform#enterDescriptorOnlyMode}. Linux 4.14, FreeBSD 10. */
  DESCRIPTOR_ONLY_MODE("acting on processes through descriptors alone"),

  /** The kernel enforces {@link Right}s, and they travel with a descriptor. FreeBSD 10. */
  KERNEL_RIGHTS("rights that the kernel enforces");

  private final String description;

  Feature(String description) {
    this.description = description;
  }

  /**
   * What the feature is, in words.
   *
   * @return half a sentence
   */
  public String description() {
    return description;
  }
}
