package dev.procdesc;

import java.util.Objects;

/**
 * Options of a {@link DescriptorChannel}. Instances are immutable and reusable: each method returns
 * new options.
 *
 * <pre>{@code
 * ChannelOptions.defaults().framing(Framing.LENGTH_PREFIX).attachments(true)
 * }</pre>
 */
public final class ChannelOptions {
  private static final ChannelOptions DEFAULTS = new ChannelOptions(Framing.RECORDS, false);

  private final Framing framing;
  private final boolean attachments;

  private ChannelOptions(Framing framing, boolean attachments) {
    this.framing = framing;
    this.attachments = attachments;
  }

  /**
   * Returns the default options: {@link Framing#RECORDS}, and process descriptors only.
   *
   * @return the default of every option
   */
  public static ChannelOptions defaults() {
    return DEFAULTS;
  }

  /**
   * Sets the kind of socket and the separation of messages.
   *
   * @param framing the framing, which the other end must use, too
   * @return new options
   */
  public ChannelOptions framing(Framing framing) {
    return new ChannelOptions(Objects.requireNonNull(framing, "framing"), attachments);
  }

  /**
   * Sets whether messages may have {@linkplain Attachment attachments}: descriptors that are no
   * process descriptors. Each end decides for itself. Without this option a channel refuses a
   * received message with such a descriptor, and sends none.
   *
   * @param allowed whether this end sends and accepts them
   * @return new options
   */
  public ChannelOptions attachments(boolean allowed) {
    return new ChannelOptions(framing, allowed);
  }

  /**
   * Returns the framing.
   *
   * @return the last value that was set
   */
  public Framing framing() {
    return framing;
  }

  /**
   * Returns whether messages may have attachments.
   *
   * @return the last value that was set
   */
  public boolean attachments() {
    return attachments;
  }

  @Override
  public String toString() {
    return framing + (attachments ? " with attachments" : "");
  }
}
