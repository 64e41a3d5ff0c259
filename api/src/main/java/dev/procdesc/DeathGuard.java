package dev.procdesc;

/** By what means {@link OnClose#KILL} holds when the JVM itself dies, in whatever way. */
public enum DeathGuard {
  /** The kernel kills at the last close: FreeBSD, and Linux from 7.1 where it may be asked for. */
  KERNEL,
  /** A helper process, one for each JVM, watches over the JVM and kills. */
  GUARDIAN,
  /** Nothing: only {@link ProcessDescriptor#close()} kills. */
  NONE
}
