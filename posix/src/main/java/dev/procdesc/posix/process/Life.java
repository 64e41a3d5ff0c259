package dev.procdesc.posix.process;

/**
 * The life of the object for a process, as the holders of its descriptor see it. The life of the
 * process itself is a {@link ProcessOperations.Outcome}, which {@link Completion} records. These
 * are the combinations that occur:
 *
 * <table>
 *   <caption>States of a process object</caption>
 *   <tr><th></th><th>running</th><th>unreaped</th><th>ended</th></tr>
 *   <tr><td>{@link #OPEN}</td><td>yes</td><td>yes</td><td>yes</td></tr>
 *   <tr><td>{@link #CLOSING}</td><td>yes</td><td>yes</td><td>yes</td></tr>
 *   <tr><td>{@link #RELEASED}</td><td>yes</td><td>yes</td><td>no: {@link #GONE}</td></tr>
 *   <tr><td>{@link #GONE}</td><td colspan="2">only by {@link #drop()}</td><td>yes</td></tr>
 * </table>
 *
 * <p>Each method is a transition and fails in a state from which it must not happen.
 */
enum Life {
  /** There is a reference to the process. */
  OPEN,
  /** The last reference was closed, and the close action is running. */
  CLOSING,
  /** The close action has run. The descriptor is retained until the process has been reaped. */
  RELEASED,
  /** The kernel's descriptor is closed. */
  GONE;

  /** The last reference is closed. */
  Life close() {
    return from(OPEN, CLOSING);
  }

  /** The close action has run. */
  Life release(boolean ended) {
    return from(CLOSING, ended ? GONE : RELEASED);
  }

  /** The descriptor is closed without waiting for the end of the process. */
  Life drop() {
    return from(CLOSING, GONE);
  }

  /** The process has ended. Any other state than {@link #RELEASED} continues. */
  Life end() {
    return this == RELEASED ? GONE : this;
  }

  private Life from(Life expected, Life next) {
    if (this != expected) {
      throw new IllegalStateException(this + " to " + next);
    }
    return next;
  }
}
