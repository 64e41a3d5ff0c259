package dev.procdesc;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Numbers that identify a process for as long as the system runs: its ID, by which the process is
 * found, and the number of its inode in Linux's pidfs, which no other process ever has. An identity
 * can be written down and used later, by any program:
 * {@link ProcessDescriptor#open(ProcessIdentity)} opens this process or none, also after its ID was
 * assigned to another process.
 *
 * <p>The text form {@code PID:INODE} is that of {@code kill}, {@code waitpid}, {@code nsenter} and
 * {@code getino} of util-linux since its version 2.42. systemd passes the two numbers as separate
 * variables: {@code LISTEN_PID} and {@code LISTEN_PIDFDID} to a service that it activates,
 * {@code MAINPID} and {@code MAINPIDFDID} in both directions.
 *
 * <pre>{@code
 * ProcessIdentity self =
 *     ProcessIdentity.parse(env.get("LISTEN_PID") + ":" + env.get("LISTEN_PIDFDID"));
 * String message = "MAINPID=" + main.pid() + "\nMAINPIDFDID=" + Long.toUnsignedString(main.inode());
 * }</pre>
 *
 * <p>The inode number is the same everywhere in the system. The ID is that of the PID namespace of
 * the program that obtained the identity, and identifies the process only there. After a restart of
 * the system the kernel assigns the same numbers again.
 *
 * @param pid the process ID, 1 to 2,147,483,647
 * @param inode the number of the inode, an unsigned number of 64 bits other than 0
 */
public record ProcessIdentity(long pid, long inode) {
  private static final Pattern TEXT = Pattern.compile("([1-9][0-9]{0,9}):([1-9][0-9]{0,19})");

  /**
   * Checks the numbers.
   *
   * @param pid see {@link #pid()}
   * @param inode see {@link #inode()}
   * @throws IllegalArgumentException if a number is out of its range
   */
  public ProcessIdentity {
    if (pid <= 0 || pid > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "a process ID must be 1 to " + Integer.MAX_VALUE + ", not " + pid);
    }
    if (inode == 0) {
      throw new IllegalArgumentException("an inode number must not be 0");
    }
  }

  /**
   * Returns the identity that a text of the form {@code PID:INODE} denotes: two decimal numbers
   * without signs, spaces or leading zeros.
   *
   * @param text the text, such as {@code 1234:5271662}
   * @return the identity whose {@link #toString()} is the text
   * @throws IllegalArgumentException if the text has another form, or if a number is out of its
   *     range
   */
  public static ProcessIdentity parse(String text) {
    Matcher matcher = TEXT.matcher(text);
    if (!matcher.matches()) {
      throw new IllegalArgumentException(
          "'" + text + "' is not PID:INODE, such as 1234:5271662: two positive decimal numbers");
    }
    long inode;
    try {
      inode = Long.parseUnsignedLong(matcher.group(2));
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "an inode number must be at most 18446744073709551615, not " + matcher.group(2), e);
    }
    return new ProcessIdentity(Long.parseLong(matcher.group(1)), inode);
  }

  /**
   * Returns the text form, {@code PID:INODE}.
   *
   * @return the text, such as {@code 1234:5271662}
   */
  @Override
  public String toString() {
    return pid + ":" + Long.toUnsignedString(inode);
  }
}
