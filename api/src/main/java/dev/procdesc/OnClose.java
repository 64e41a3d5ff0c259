package dev.procdesc;

/**
 * The effect of closing the last reference to a process that still runs. The death of the JVM
 * closes all its references.
 */
public enum OnClose {
  /**
   * Sends {@code SIGKILL} to the process, as FreeBSD does for every process descriptor. This is the
   * default. The signal reaches only that process, not those that it started.
   *
   * <p>{@link ProcessDescriptor#close()} kills at once on every system.
   * {@link Feature#KILL_ON_JVM_DEATH} is present if the death of the JVM kills too, and
   * {@link Platform#deathGuard()} is the mechanism. Where that is a process,
   * {@link ProcessHandle#children()} of this JVM lists it too: see {@link Platform#guardian()}. A
   * child that the kernel kills cannot start siblings ({@code CLONE_PARENT}): see
   * {@link Spawner#autoreap(boolean)}.
   *
   * <p>A process in a frozen control group of version 1 ({@code freezer.state}) dies only when the
   * group is thawed, and {@code close()} then waits for its end as it waits for every end that the
   * kernel delays. In a frozen group of version 2 ({@code cgroup.freeze}) the process dies at once.
   *
   * <p>A process whose descriptor was sent to another process is killed when the last holder has
   * closed it. On Linux, where the kernel does that ({@link DeathGuard#KERNEL}), a {@code poll} or
   * {@code select} that is in progress on {@link ProcessDescriptor#fd()} holds the descriptor too,
   * in whatever process: the kill follows when that call returns. Membership in an epoll set holds
   * nothing, and a close ends the waits of this library.
   */
  KILL,

  /**
   * Kills as {@link #KILL}, and also kills every other process of the child's process group, even
   * if the child itself has already ended. The child must lead a group:
   * {@link Spawner#newProcessGroup()} or {@link Spawner#newSession()}. A descendant that left the
   * group is not reached. Needs {@link Feature#KILL_GROUP}.
   */
  KILL_GROUP,

  /**
   * Kills as {@link #KILL}, and also kills every process of the control group of
   * {@link Spawner#cgroup}, even if the child itself has already ended ({@code cgroup.kill}). No
   * descendant can leave the control group without privilege. The directory should be used for this
   * child only; it can be used for another one afterwards, which is faster with a new directory on
   * some kernels (see {@link Spawner#cgroup}). Needs {@link Feature#KILL_CGROUP}.
   */
  KILL_CGROUP,

  /**
   * Releases the process, which continues to run; {@code PD_DAEMON} on FreeBSD. It never becomes a
   * zombie while this JVM runs, because the library still reaps it.
   */
  RELEASE
}
