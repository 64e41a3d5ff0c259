package dev.procdesc;

/** The mechanism that makes {@link OnClose#KILL} hold when the JVM itself exits or is killed. */
public enum DeathGuard {
  /**
   * The kernel kills at the last close: on FreeBSD, and on Linux 7.1 or later where the kernel
   * permits the caller to request it.
   */
  KERNEL,
  /**
   * A helper process, one for each JVM, watches the JVM and kills its children. It is a child of
   * this JVM, so {@link ProcessHandle#children()} and {@link ProcessHandle#descendants()} of the
   * current process list it; {@link Platform#guardian()} tells it from the others. It exits some
   * time after the last child that needs it, and the next such child starts another one.
   */
  GUARDIAN,
  /** No mechanism: only {@link ProcessDescriptor#close()} kills. */
  NONE
}
