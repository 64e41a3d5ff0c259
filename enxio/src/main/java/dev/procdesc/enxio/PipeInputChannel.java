package dev.procdesc.enxio;

import dev.procdesc.PipeInput;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.spi.AbstractSelectableChannel;
import jnr.enxio.channels.NativeSelectableChannel;
import jnr.enxio.channels.NativeSelectorProvider;

/**
 * The output of a child as a channel that a selector of jnr-enxio selects for
 * {@link SelectionKey#OP_READ} when there is data, and at the end of file.
 *
 * <p>The pipe reads ahead, which no selector notices: after a selection, read until a read returns
 * 0 or -1.
 */
public final class PipeInputChannel extends AbstractSelectableChannel
    implements NativeSelectableChannel, ReadableByteChannel {
  private final PipeInput pipe;
  private final int fd;

  private PipeInputChannel(PipeInput pipe) {
    super(NativeSelectorProvider.getInstance());
    this.pipe = pipe;
    this.fd = pipe.fd();
  }

  /**
   * Returns a channel for a pipe.
   *
   * @param pipe the pipe, which is closed with the channel
   * @return a new channel, in blocking mode
   * @throws dev.procdesc.ClosedDescriptorException as {@link PipeInput#fd()}
   */
  public static PipeInputChannel of(PipeInput pipe) {
    return new PipeInputChannel(pipe);
  }

  /**
   * Reads bytes. In non-blocking mode this method does not wait.
   *
   * @param target receives the bytes
   * @return the number of bytes, -1 at the end of file; 0 in non-blocking mode if there is no data
   * @throws IOException as the reads of {@link PipeInput}
   */
  @Override
  public int read(ByteBuffer target) throws IOException {
    return isBlocking() ? pipe.read(target) : pipe.tryRead(target).orElse(0);
  }

  @Override
  public int validOps() {
    return SelectionKey.OP_READ;
  }

  @Override
  public int getFD() {
    return fd;
  }

  @Override
  protected void implCloseSelectableChannel() throws IOException {
    pipe.close();
  }

  /** Does nothing: the descriptor is always non-blocking, and the mode selects how to read. */
  @Override
  protected void implConfigureBlocking(boolean block) {}
}
