package dev.procdesc.enxio;

import dev.procdesc.PipeOutput;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.WritableByteChannel;
import java.nio.channels.spi.AbstractSelectableChannel;
import jnr.enxio.channels.NativeSelectableChannel;
import jnr.enxio.channels.NativeSelectorProvider;

/**
 * The input of a child as a channel that a selector of jnr-enxio selects for
 * {@link SelectionKey#OP_WRITE} when there is room, and when the child does not read any more.
 */
public final class PipeOutputChannel extends AbstractSelectableChannel
    implements NativeSelectableChannel, WritableByteChannel {
  private final PipeOutput pipe;
  private final int fd;

  private PipeOutputChannel(PipeOutput pipe) {
    super(NativeSelectorProvider.getInstance());
    this.pipe = pipe;
    this.fd = pipe.fd();
  }

  /**
   * Returns a channel for a pipe.
   *
   * @param pipe the pipe, which is closed with the channel
   * @return a new channel, in blocking mode
   * @throws dev.procdesc.ClosedDescriptorException as {@link PipeOutput#fd()}
   */
  public static PipeOutputChannel of(PipeOutput pipe) {
    return new PipeOutputChannel(pipe);
  }

  /**
   * Writes bytes: all in blocking mode, otherwise those for which there is room.
   *
   * @param source the bytes
   * @return the number of bytes
   * @throws IOException as the writes of {@link PipeOutput}: EPIPE if the child does not read
   */
  @Override
  public int write(ByteBuffer source) throws IOException {
    return isBlocking() ? pipe.write(source) : pipe.tryWrite(source);
  }

  @Override
  public int validOps() {
    return SelectionKey.OP_WRITE;
  }

  @Override
  public int getFD() {
    return fd;
  }

  @Override
  protected void implCloseSelectableChannel() throws IOException {
    pipe.close();
  }

  /** Does nothing: the descriptor is always non-blocking, and the mode selects how to write. */
  @Override
  protected void implConfigureBlocking(boolean block) {}
}
