package dev.procdesc;

/**
 * A permission of the holder of a {@link ProcessDescriptor}. A descriptor starts with every right,
 * and {@link ProcessDescriptor#restrict} creates one with fewer; a right that was given up cannot
 * be regained.
 *
 * <p>On FreeBSD the kernel enforces rights ({@code cap_rights_limit}), and they travel with the
 * descriptor ({@link Feature#KERNEL_RIGHTS}). Linux descriptors have no rights: there this library
 * enforces them, for users of the process through the library. A restricted descriptor therefore
 * cannot be sent on Linux, and native code that gets its number has full access.
 *
 * @see <a href="https://man.freebsd.org/cgi/man.cgi?query=rights&amp;sektion=4">rights(4)</a>
 */
public enum Right {
  /**
   * Permission to send signals: {@link ProcessDescriptor#signal}, {@link ProcessDescriptor#kill()},
   * {@link ProcessDescriptor#signalGroup}, {@link ProcessDescriptor#shutdown} (with {@link #WAIT}).
   * FreeBSD: {@code CAP_PDKILL}. Closing needs no right: with {@link OnClose#KILL} the last close
   * kills, regardless of the rights of the closed descriptor.
   */
  SIGNAL,

  /**
   * Permission to query the exit status and to wait for it: {@link ProcessDescriptor#poll()},
   * {@link ProcessDescriptor#isAlive()}, {@link ProcessDescriptor#waitFor()},
   * {@link ProcessDescriptor#resourceUsage()}. FreeBSD: {@code CAP_PDWAIT}.
   */
  WAIT,

  /**
   * Permission to identify the process: {@link ProcessDescriptor#pid()},
   * {@link ProcessDescriptor#info()}. FreeBSD: {@code CAP_PDGETPID}.
   */
  PID,

  /**
   * Permission to be notified of events: {@link ProcessDescriptor#onExit()},
   * {@link ProcessDescriptor#exitDescriptor()}, {@link ProcessDescriptor#onStateChange}, and
   * {@link ProcessDescriptor#fd()} for the caller's own poll. FreeBSD: {@code CAP_EVENT}.
   */
  EVENT,

  /**
   * Permission to send the descriptor to another process: {@link DescriptorChannel#send}. Enforced
   * by the library on both systems.
   */
  SEND,

  /**
   * Permission to create further references: {@link ProcessDescriptor#duplicate()},
   * {@link ProcessDescriptor#restrict}. Enforced by the library on both systems.
   */
  DUPLICATE
}
