package dev.procdesc;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * A descriptor to attach to a message of a {@link DescriptorChannel}, optionally with fewer rights.
 * The descriptor remains open here, and its owner remains the same. Instances are immutable.
 */
public final class SentDescriptor {
  private final OptionalInt fd;
  private final Optional<Attachment> attachment;
  private final Optional<Set<FileRight>> rights;

  private SentDescriptor(
      OptionalInt fd, Optional<Attachment> attachment, Optional<Set<FileRight>> rights) {
    this.fd = fd;
    this.attachment = attachment;
    this.rights = rights;
  }

  /**
   * Returns a descriptor with a number, such as one of jnr-enxio or junixsocket. The caller keeps
   * it open until it is sent.
   *
   * @param fd an open descriptor of this JVM that is no process descriptor
   * @return the descriptor to send
   * @throws IllegalArgumentException if the number is negative
   */
  public static SentDescriptor of(int fd) {
    if (fd < 0) {
      throw new IllegalArgumentException("a descriptor number is not negative: " + fd);
    }
    return new SentDescriptor(OptionalInt.of(fd), Optional.empty(), Optional.empty());
  }

  /**
   * Returns the descriptor of an attachment, which was received or opened before.
   *
   * @param attachment an attachment of this library
   * @return the descriptor to send
   */
  public static SentDescriptor of(Attachment attachment) {
    return new SentDescriptor(
        OptionalInt.empty(),
        Optional.of(Objects.requireNonNull(attachment, "attachment")),
        Optional.empty());
  }

  /**
   * Limits the rights of the receiver. The rights of the descriptor here do not change: a copy is
   * limited and sent.
   *
   * <p>FreeBSD: {@code cap_rights_limit}. Linux descriptors have no rights, so the send fails with
   * {@link UnsupportedFeatureException}.
   *
   * @param rights the only rights that the receiver gets, as far as the descriptor has them here
   * @return the descriptor to send
   */
  public SentDescriptor limitedTo(FileRight... rights) {
    Set<FileRight> all = EnumSet.noneOf(FileRight.class);
    all.addAll(Arrays.asList(rights));
    return new SentDescriptor(fd, attachment, Optional.of(Set.copyOf(all)));
  }

  /**
   * Returns the number that was given.
   *
   * @return the number; empty for that of an attachment
   */
  public OptionalInt fd() {
    return fd;
  }

  /**
   * Returns the attachment that was given.
   *
   * @return the attachment; empty for a number
   */
  public Optional<Attachment> attachment() {
    return attachment;
  }

  /**
   * Returns the limit of the rights.
   *
   * @return an unmodifiable set; empty if the rights are not limited
   */
  public Optional<Set<FileRight>> rights() {
    return rights;
  }

  @Override
  public String toString() {
    String what =
        attachment.isPresent() ? attachment.get().toString() : "descriptor " + fd.orElseThrow();
    return rights.map(only -> what + " with " + only).orElse(what);
  }
}
