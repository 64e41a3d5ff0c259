package dev.procdesc.spi;

import java.util.concurrent.Flow;

/**
 * A subscription to the output of a child, as {@link dev.procdesc.PipeInput#publisher} makes it.
 */
public interface OutputSubscription extends Flow.Subscription {
  /**
   * Closes the pipe once the subscriber has received what can be read without waiting, up to 1 MiB.
   * The subscriber then receives {@link java.nio.channels.AsynchronousCloseException}, unless the
   * end of file was reached. Bytes that were not requested are not read.
   */
  void finish();
}
