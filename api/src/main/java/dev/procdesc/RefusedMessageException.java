package dev.procdesc;

import java.io.IOException;
import java.util.Objects;

/**
 * Thrown when a message that a {@link DescriptorChannel} received is malformed. All descriptors of
 * the message were closed.
 */
public final class RefusedMessageException extends IOException {
  private static final long serialVersionUID = 1L;

  /** The defect of the message. */
  private final Reason reason;

  /** A defect of a message. */
  public enum Reason {
    /**
     * A descriptor is not a process descriptor, and the channel accepts no
     * {@linkplain ChannelOptions#attachments attachments}; or it follows a process.
     */
    NO_PROCESS,
    /**
     * Descriptors were truncated: this JVM has no free descriptor numbers, or the message has too
     * many.
     */
    DESCRIPTORS_CUT_OFF,
    /**
     * The payload is longer than {@link DescriptorChannel#MAX_PAYLOAD}. With
     * {@link Framing#LENGTH_PREFIX} this closes the channel.
     */
    PAYLOAD_CUT_OFF,
    /**
     * The other end was closed in the middle of the message; the next receive reports end of file.
     * On streams, and on FreeBSD 15, where a message can arrive in parts.
     */
    INCOMPLETE
  }

  /**
   * Constructs an exception for a refused message.
   *
   * @param reason the defect
   * @param message the detail message
   */
  public RefusedMessageException(Reason reason, String message) {
    super(message);
    this.reason = Objects.requireNonNull(reason, "reason");
  }

  /**
   * Returns the defect of the message.
   *
   * @return the reason
   */
  public Reason reason() {
    return reason;
  }
}
