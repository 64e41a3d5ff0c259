package dev.procdesc;

import dev.procdesc.spi.NonBlockingSubscriber;
import dev.procdesc.spi.OutputSubscription;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/** Captures an output of a child. Thread-safe: a run that fails reads what has come by then. */
final class OutputCapture implements NonBlockingSubscriber {
  /** The run that an output belongs to. */
  interface Listener {
    /** Handles the end of the stream; the cause is empty at the end of file. */
    void ended(OutputCapture output, Optional<Throwable> cause);

    /** Handles the first bytes that exceed a limit which fails the run. */
    void exceeded(OutputCapture output);
  }

  private static final int FIRST_SIZE = 8192;

  private final Capture capture;
  private final int fd;
  private final Listener listener;
  private volatile @Nullable OutputSubscription subscription;

  /** The kept bytes; guarded by this. They form a ring when the end is kept and more has come. */
  private byte[] kept = new byte[0];

  /** The number of bytes that have come; guarded by this. */
  private long total;

  /** Accessed by the subscriber only. */
  private boolean exceeded;

  /**
   * Creates a capture.
   *
   * @param fd the descriptor number in the child
   */
  OutputCapture(Capture capture, int fd, Listener listener) {
    this.capture = capture;
    this.fd = fd;
    this.listener = listener;
  }

  /** Returns the descriptor number in the child. */
  int fd() {
    return fd;
  }

  int limit() {
    return capture.limit();
  }

  @Override
  public void onSubscribe(Flow.Subscription first) {
    subscription = (OutputSubscription) first;
    first.request(Long.MAX_VALUE);
  }

  /** Ends the stream once the bytes that are in the pipe were captured. */
  void finish() {
    OutputSubscription present = subscription;
    if (present != null) {
      present.finish();
    }
  }

  @Override
  public void onNext(ByteBuffer bytes) {
    boolean fails;
    synchronized (this) {
      add(bytes);
      fails = total > capture.limit() && capture.excess() == Capture.Excess.FAIL;
    }
    if (fails && !exceeded) {
      exceeded = true;
      listener.exceeded(this);
    }
  }

  private void add(ByteBuffer bytes) {
    int limit = capture.limit();
    if (capture.excess() == Capture.Excess.KEEP_TAIL) {
      int skipped = Math.max(0, bytes.remaining() - limit);
      bytes.position(bytes.position() + skipped);
      total += skipped;
    }
    int count = bytes.remaining();
    if (capture.excess() != Capture.Excess.KEEP_TAIL) {
      count = (int) Math.max(0, Math.min(count, limit - total));
    }
    grow((int) Math.min(limit, total + count));
    long came = total + bytes.remaining();
    while (count > 0) {
      int at = (int) (total % limit);
      int part = Math.min(count, limit - at);
      bytes.get(kept, at, part);
      total += part;
      count -= part;
    }
    total = came;
  }

  private void grow(int size) {
    if (size > kept.length) {
      long twice = Math.max(FIRST_SIZE, 2L * kept.length);
      kept = Arrays.copyOf(kept, (int) Math.min(capture.limit(), Math.max(size, twice)));
    }
  }

  @Override
  public void onError(Throwable cause) {
    listener.ended(this, Optional.of(cause));
  }

  @Override
  public void onComplete() {
    listener.ended(this, Optional.empty());
  }

  /** Returns what was captured. */
  synchronized CapturedOutput captured() {
    int limit = capture.limit();
    int size = (int) Math.min(total, limit);
    byte[] bytes = Arrays.copyOf(kept, size);
    if (capture.excess() == Capture.Excess.KEEP_TAIL && total > limit && limit > 0) {
      int start = (int) (total % limit);
      System.arraycopy(kept, start, bytes, 0, limit - start);
      System.arraycopy(kept, 0, bytes, limit - start, start);
    }
    return new CapturedOutput(bytes, total > limit);
  }
}
