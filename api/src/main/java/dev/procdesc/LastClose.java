package dev.procdesc;

/**
 * The effect that the last close of a descriptor has on the process, as far as the system reports
 * it. For a process that this JVM started, {@link OnClose} determines it.
 */
public enum LastClose {
  /**
   * The process is killed when the last holder, in any process, has closed its descriptor or has
   * died: a child with {@link OnClose#KILL} or one of its group variants, a descriptor that has a
   * lifeline, and on Linux a pidfd of {@code CLONE_PIDFD_AUTOKILL} (Linux 7.1).
   */
  KILLS,

  /**
   * The process is not affected: a child with {@link OnClose#RELEASE}, a process that was opened,
   * and on Linux any other pidfd without a lifeline. Another descriptor of the same process may
   * kill it nevertheless.
   */
  RELEASES,

  /**
   * The system does not report it. On FreeBSD, every descriptor without a lifeline that was not
   * opened by this JVM: the kernel kills unless the process was created with {@code PD_DAEMON}, and
   * has no call that reports this flag of a descriptor.
   */
  UNKNOWN
}
