package dev.procdesc.enxio;

import dev.procdesc.ExitDescriptor;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.ProcessDescriptorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.spi.AbstractSelectableChannel;
import jnr.enxio.channels.NativeSelectableChannel;
import jnr.enxio.channels.NativeSelectorProvider;

/**
 * A channel that a selector of jnr-enxio selects for {@link SelectionKey#OP_READ} at the end of a
 * process, by an {@link ExitDescriptor}. There is nothing to read: {@link #process()} returns the
 * exit status.
 *
 * <pre>{@code
 * Selector selector = NativeSelectorProvider.getInstance().openSelector();
 * ExitChannel exit = ExitChannel.open(child);
 * exit.configureBlocking(false);
 * exit.register(selector, SelectionKey.OP_READ);
 * }</pre>
 */
public final class ExitChannel extends AbstractSelectableChannel
    implements NativeSelectableChannel {
  private final ProcessDescriptor process;
  private final ExitDescriptor exit;
  private final int fd;

  private ExitChannel(ProcessDescriptor process, ExitDescriptor exit) {
    super(NativeSelectorProvider.getInstance());
    this.process = process;
    this.exit = exit;
    this.fd = exit.fd();
  }

  /**
   * Opens a channel for the end of a process.
   *
   * @param process the process, a child of this JVM or not
   * @return a new channel, whose close does not affect the process
   * @throws ProcessDescriptorException as {@link ProcessDescriptor#exitDescriptor()}
   * @throws dev.procdesc.MissingRightException without {@link dev.procdesc.Right#EVENT}
   * @throws dev.procdesc.ClosedDescriptorException if the process was closed and lives on
   */
  public static ExitChannel open(ProcessDescriptor process) throws ProcessDescriptorException {
    return new ExitChannel(process, process.exitDescriptor());
  }

  /**
   * Returns the process.
   *
   * @return the object with which this channel was opened
   */
  public ProcessDescriptor process() {
    return process;
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
  protected void implCloseSelectableChannel() {
    exit.close();
  }

  /** Does nothing: no method of this channel waits. */
  @Override
  protected void implConfigureBlocking(boolean block) {}
}
