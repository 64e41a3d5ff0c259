package dev.procdesc;

/**
 * What the holder of a {@link ProcessDescriptor} may do with it. A descriptor starts with every
 * right, and {@link ProcessDescriptor#restrict} makes one with fewer; none can get one back.
 *
 * <p>On FreeBSD the kernel enforces them ({@code cap_rights_limit}) and they travel with the
 * descriptor ({@link Feature#KERNEL_RIGHTS}). Linux knows no rights of a descriptor: there this
 * library enforces them, for those who use the process through it. So a restricted descriptor
 * cannot be sent there, and native code that gets the number of one can do everything with it.
 *
 * @see <a href="https://man.freebsd.org/cgi/man.cgi?query=rights&amp;sektion=4">rights(4)</a>
 */
public enum Right {
  /**
   * To send signals: {@link ProcessDescriptor#signal}, {@link ProcessDescriptor#signalGroup},
   * {@link ProcessDescriptor#shutdown} (with {@link #WAIT}). FreeBSD: {@code CAP_PDKILL}. Closing
   * needs no right: the last close kills, with {@link OnClose#KILL}, whoever does it.
   */
  SIGNAL,

  /**
   * To ask for the exit status and wait for it: {@link ProcessDescriptor#poll()},
   * {@link ProcessDescriptor#isAlive()}, {@link ProcessDescriptor#waitFor()},
   * {@link ProcessDescriptor#resourceUsage()}. FreeBSD: {@code CAP_PDWAIT}.
   */
  WAIT,

  /**
   * To learn who it is: {@link ProcessDescriptor#pid()}, {@link ProcessDescriptor#info()}. FreeBSD:
   * {@code CAP_PDGETPID}.
   */
  PID,

  /**
   * To be told of events: {@link ProcessDescriptor#onExit()},
   * {@link ProcessDescriptor#onStateChange}, and {@link ProcessDescriptor#fd()} for a poll of one's
   * own. FreeBSD: {@code CAP_EVENT}.
   */
  EVENT,

  /** To send it to another process: {@link DescriptorChannel#send}. The library's own. */
  SEND,

  /**
   * To make further references: {@link ProcessDescriptor#duplicate()},
   * {@link ProcessDescriptor#restrict}. The library's own.
   */
  DUPLICATE
}
