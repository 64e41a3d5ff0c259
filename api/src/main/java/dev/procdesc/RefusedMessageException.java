package dev.procdesc;

import java.io.IOException;
import java.util.Objects;

/**
 * A message that a {@link DescriptorChannel} received was not what it should be. Whatever came with
 * it was closed.
 */
public final class RefusedMessageException extends IOException {
  private static final long serialVersionUID = 1L;

  /** What was wrong with it. */
  private final Reason reason;

  /** What may be wrong with a message. */
  public enum Reason {
    /** A descriptor was not a process's. */
    NO_PROCESS,
    /** Descriptors were cut off: this JVM has no numbers left for them, or there were too many. */
    DESCRIPTORS_CUT_OFF,
    /** The payload is longer than {@link DescriptorChannel#MAX_PAYLOAD}. */
    PAYLOAD_CUT_OFF,
    /**
     * The other end was closed in the middle of the message; the next receive tells of the end.
     * FreeBSD 15, where a message can come in parts.
     */
    INCOMPLETE
  }

  /**
   * A refusal.
   *
   * @param reason what was wrong
   * @param message the same in words
   */
  public RefusedMessageException(Reason reason, String message) {
    super(message);
    this.reason = Objects.requireNonNull(reason, "reason");
  }

  /**
   * What was wrong with the message.
   *
   * @return the reason
   */
  public Reason reason() {
    return reason;
  }
}
