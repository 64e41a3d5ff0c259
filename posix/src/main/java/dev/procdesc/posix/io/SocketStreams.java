package dev.procdesc.posix.io;

import dev.procdesc.ChildSocket;
import dev.procdesc.ClosedDescriptorException;
import dev.procdesc.IoMode;
import dev.procdesc.PipeInput;
import dev.procdesc.PipeOutput;
import dev.procdesc.posix.ffi.SocketNumbers;
import java.io.IOException;
import java.lang.ref.Reference;
import java.util.Objects;

/**
 * The parent's end of a socket to a child, as two streams. Each has a descriptor, so that they can
 * be closed separately.
 */
public final class SocketStreams implements ChildSocket {
  private static final String NAME = "the socket to the child";

  private final PipeInputImpl input;
  private final PipeOutputImpl output;

  /** Takes ownership of two non-blocking descriptors of one socket. */
  public SocketStreams(int fd, int another, Watcher watcher) {
    input = new PipeInputImpl(
        OwnedDescriptor.takeDirection(fd, NAME, SocketNumbers.SHUT_RD),
        watcher,
        PipeEnd.Kind.SOCKET);
    output = new PipeOutputImpl(
        OwnedDescriptor.takeDirection(another, NAME, SocketNumbers.SHUT_WR),
        watcher,
        PipeEnd.Kind.SOCKET);
  }

  /** Returns the direction from the child. */
  public PipeInputImpl in() {
    return input;
  }

  /** Returns the direction to the child. */
  public PipeOutputImpl out() {
    return output;
  }

  @Override
  public PipeInput input() {
    return input;
  }

  @Override
  public PipeOutput output() {
    return output;
  }

  @Override
  public int fd() {
    try {
      return input.fd();
    } catch (ClosedDescriptorException e) {
      return output.fd();
    }
  }

  @Override
  public int detach(IoMode mode) throws IOException {
    Objects.requireNonNull(mode, "mode");
    try {
      return Detached.of(input, output, mode);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  @Override
  public void close() {
    input.close();
    output.close();
  }

  @Override
  public String toString() {
    return NAME;
  }
}
