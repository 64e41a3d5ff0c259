package dev.procdesc;

import java.io.IOException;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The terminal of a child that was started with {@link Spawner#terminal}, as seen by the program
 * that plays the user at its keyboard and its screen: the master of a pseudo-terminal.
 *
 * <p>Bytes are typed through {@link ChildProcess#stdin()}, and those that appear on the screen are
 * read from {@link ChildProcess#stdout()}. Until the child changes the modes of the terminal, the
 * system treats it as it does every terminal: it echoes the input, collects it to lines, turns keys
 * such as Ctrl-C (byte 3) into signals to the foreground process group, and writes a line feed as
 * {@code \r\n}.
 *
 * <p><b>End of the output.</b> The output has its end of file when no process has the terminal open
 * any more. Linux reports this by EIO, FreeBSD by a read of 0 bytes; both are the end of file of
 * {@link PipeInput}. What was written before remains readable on Linux. On FreeBSD the exit of the
 * child, as the leader of its session, revokes the terminal: processes that it leaves behind lose
 * the terminal, and output of theirs that was not read by then is discarded. If no other process
 * has the terminal open, the exit waits instead until the output is read, for up to the five
 * minutes of {@code kern.tty_drainwait}.
 *
 * <p><b>End of the input.</b> A terminal has no end of file that closes it:
 * {@link #sendEndOfFile()} sends the character that a reader of lines takes for it. To close
 * {@link ChildProcess#stdin()} ends the writing of this JVM only, and the child does not notice.
 *
 * <p><b>Hangup.</b> When this JVM has closed both streams, or has died, the kernel hangs up the
 * terminal: it sends {@code SIGHUP} to the child, whose reads return the end of file from then on.
 */
public interface Terminal {
  /**
   * Returns the size.
   *
   * @return the size that was last set, by this JVM or by a process on the terminal; empty once
   *     both streams are closed, as they are at the end of the output
   */
  Optional<TerminalSize> size();

  /**
   * Sets the size. The kernel sends {@code SIGWINCH} to the foreground process group of the
   * terminal if it differs from the present one.
   *
   * @param size the new size
   * @return true if the size is set; false if both streams are closed, as they are at the end of
   *     the output
   * @throws ProcessDescriptorException if the system refuses
   */
  boolean resize(TerminalSize size) throws ProcessDescriptorException;

  /**
   * Returns the character that is the end of file for a reader of lines, Ctrl-D (4) unless a
   * process has set another one.
   *
   * @return the byte to write to the terminal, 0 to 255; empty if the terminal has none, because it
   *     does not collect its input to lines, or because the character is switched off, and once
   *     both streams are closed
   */
  OptionalInt endOfFileCharacter();

  /**
   * Types the {@link #endOfFileCharacter()}. A process that reads a line gets what was typed of it:
   * nothing at its beginning, which is the end of file. So call this method twice where a line was
   * begun. The terminal remains open, and the process may read again.
   *
   * @throws IOException if the write fails, as those of {@link PipeOutput}
   * @throws IllegalStateException if the terminal has no such character
   */
  void sendEndOfFile() throws IOException;
}
