package dev.procdesc;

/**
 * What the close of the last reference does to a process that still runs. The death of the JVM is a
 * close of all its references.
 */
public enum OnClose {
  /**
   * The process gets {@code SIGKILL}, as FreeBSD does for every process descriptor. The default. It
   * reaches that one process, not what it started itself.
   *
   * <p>{@link ProcessDescriptor#close()} kills at once everywhere. That the death of the JVM kills
   * too is {@link Feature#KILL_ON_JVM_DEATH}; {@link Platform#deathGuard()} says by what means.
   */
  KILL,

  /**
   * As {@link #KILL}, and every other process of the child's process group too, even if the child
   * itself has ended before. The child must lead a group: {@link Spawner#newProcessGroup()} or
   * {@link Spawner#newSession()}. A descendant that left the group is not reached. Needs
   * {@link Feature#KILL_GROUP}.
   */
  KILL_GROUP,

  /**
   * As {@link #KILL}, and every process of the control group that {@link Spawner#cgroup} named,
   * even if the child itself has ended before ({@code cgroup.kill}). No descendant can leave it
   * without privilege. The directory should be the child's own. Needs {@link Feature#KILL_CGROUP}.
   */
  KILL_CGROUP,

  /**
   * The process lives on; FreeBSD calls it {@code PD_DAEMON}. It never becomes a zombie while this
   * JVM runs: the library still reaps it.
   */
  RELEASE
}
