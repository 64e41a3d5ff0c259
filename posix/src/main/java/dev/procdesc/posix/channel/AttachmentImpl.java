package dev.procdesc.posix.channel;

import dev.procdesc.Attachment;
import dev.procdesc.ClosedDescriptorException;
import dev.procdesc.DescriptorType;
import dev.procdesc.FileRight;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.SystemNumbers;
import dev.procdesc.posix.io.ForgottenWarnings;
import dev.procdesc.posix.io.OwnedDescriptor;
import dev.procdesc.posix.io.Unreachable;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.util.Collections;
import java.util.Objects;
import java.util.Set;

/** A descriptor that was received or opened, and has one owner. */
final class AttachmentImpl implements Attachment {
  private final Owned number;
  private final DescriptorType type;
  private final Set<FileRight> rights;
  private final Cleaner.Cleanable cleanable;

  /** Takes ownership of an open descriptor that is close-on-exec. */
  AttachmentImpl(int fd, DescriptorType type, Set<FileRight> rights) {
    this.number = new Owned(fd, type);
    this.type = type;
    this.rights = Collections.unmodifiableSet(rights);
    this.cleanable = Unreachable.register(this, new Forgotten(number));
  }

  /** The number and its owner, which outlives an object that became unreachable. */
  private static final class Owned {
    private final int fd;
    private final DescriptorType type;
    private final OwnedDescriptor descriptor;

    Owned(int fd, DescriptorType type) {
      this.fd = fd;
      this.type = type;
      this.descriptor = OwnedDescriptor.take(fd, "an attachment");
    }

    synchronized int get() {
      if (descriptor.isClosed()) {
        throw new ClosedDescriptorException("the attachment is closed or detached: " + type);
      }
      return fd;
    }

    synchronized int release() {
      int number = get();
      descriptor.disown();
      return number;
    }

    /** Returns a copy of the descriptor, or {@code -errno}. */
    synchronized int copy() {
      return LibC.fcntl(get(), SystemNumbers.posix().fDupfdCloexec(), 0);
    }

    /** Closes the descriptor; returns whether it was still owned. */
    synchronized boolean close() {
      boolean last = !descriptor.isClosed();
      descriptor.close();
      return last;
    }
  }

  /** Closes a descriptor that became unreachable without having been closed. */
  private record Forgotten(Owned number) implements Runnable {
    @Override
    public void run() {
      if (number.close()) {
        ForgottenWarnings.add(number.type.toString());
      }
    }
  }

  /**
   * Returns the library's object behind the interface.
   *
   * @throws IllegalArgumentException if it is another implementation
   */
  static AttachmentImpl of(Attachment attachment) {
    if (Objects.requireNonNull(attachment, "attachment") instanceof AttachmentImpl held) {
      return held;
    }
    throw new IllegalArgumentException(
        "not an attachment of this library: " + attachment.getClass().getName());
  }

  /** Returns a copy of the descriptor, which the caller closes, or {@code -errno}. */
  int copy() {
    try {
      return number.copy();
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  @Override
  public DescriptorType type() {
    return type;
  }

  @Override
  public Set<FileRight> rights() {
    return rights;
  }

  @Override
  public int fd() {
    return number.get();
  }

  @Override
  public int detach() {
    int fd = number.release();
    cleanable.clean();
    return fd;
  }

  @Override
  public void close() {
    number.close();
    cleanable.clean();
  }

  @Override
  public String toString() {
    return type + " (descriptor " + number.fd + ")";
  }
}
