package dev.procdesc.posix.io;

/** The effect of an interrupt on a thread that transfers data or waits to do so. */
enum Interrupts {
  /** The operation ends. That of a channel also closes the channel. */
  END,
  /** The operation continues, and the interrupt status of the thread remains set. */
  IGNORE
}
