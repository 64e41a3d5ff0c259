package dev.procdesc.posix.channel;

import dev.procdesc.AccessMode;
import dev.procdesc.Attachment;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.SentDescriptor;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeMemory;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.ffi.SystemNumbers;
import dev.procdesc.posix.ffi.SystemStrings;
import java.nio.file.Path;

/** Makes objects of descriptors that arrive, and descriptors of objects that are sent. */
final class Attachments {
  private final DescriptorTransfer transfer;
  private final AttachmentCalls calls;

  Attachments(DescriptorTransfer transfer) {
    this.transfer = transfer;
    this.calls = transfer.attachments();
  }

  /** Takes ownership of an open descriptor. */
  Attachment take(int fd) {
    return new AttachmentImpl(fd, transfer.type(fd), calls.rights(fd));
  }

  /** Opens a file or a directory. */
  Attachment open(Path path, AccessMode access) throws ProcessDescriptorException {
    int flags = switch (access) {
      case READ -> PosixNumbers.O_RDONLY;
      case WRITE -> PosixNumbers.O_WRONLY;
      case READ_WRITE -> PosixNumbers.O_RDWR;
      case NONE -> throw new IllegalArgumentException("a file is opened for some access");
    };
    byte[] bytes = SystemStrings.encode(path);
    try (NativeMemory memory = NativeMemory.borrow(bytes.length + 1)) {
      memory.bytes().put(0, bytes).put(bytes.length, (byte) 0);
      int fd = LibC.open(memory.address(), flags | SystemNumbers.posix().oCloexec(), 0);
      if (fd < 0) {
        throw Errors.failed("open", path, fd);
      }
      return take(fd);
    }
  }

  /**
   * The number of a descriptor for the time of a send.
   *
   * @param fd the number
   * @param copied whether it is a copy that the close closes
   */
  record Lent(int fd, boolean copied) implements AutoCloseable {
    @Override
    public void close() {
      if (copied) {
        LibC.close(fd);
      }
    }
  }

  /**
   * Lends the number of a descriptor to send. A copy is lent if the object could be closed
   * meanwhile, or if the rights of the receiver are limited.
   */
  Lent lend(SentDescriptor sent) throws ProcessDescriptorException {
    boolean copied = sent.attachment().isPresent() || sent.rights().isPresent();
    int fd;
    if (sent.attachment().isPresent()) {
      fd = AttachmentImpl.of(sent.attachment().get()).copy();
    } else {
      int number = sent.fd().orElseThrow();
      int outcome = copied
          ? LibC.fcntl(number, SystemNumbers.posix().fDupfdCloexec(), 0)
          : LibC.fcntl(number, PosixNumbers.F_GETFD, 0);
      fd = copied || outcome < 0 ? outcome : number;
    }
    if (fd < 0) {
      throw Errors.failed("fcntl", sent, fd);
    }
    Lent lent = new Lent(fd, copied);
    boolean checked = false;
    try {
      if (transfer.isProcess(fd)) {
        throw new IllegalArgumentException(
            sent + " is a process descriptor: send it as a ProcessDescriptor");
      }
      if (sent.rights().isPresent()) {
        calls.limit(fd, sent.rights().get());
      }
      checked = true;
      return lent;
    } finally {
      if (!checked) {
        lent.close();
      }
    }
  }
}
