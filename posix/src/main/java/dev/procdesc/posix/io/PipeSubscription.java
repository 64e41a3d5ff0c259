package dev.procdesc.posix.io;

import static dev.procdesc.posix.io.Logging.LOG;

import dev.procdesc.spi.NonBlockingSubscriber;
import dev.procdesc.spi.OutputSubscription;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A stream from a pipe to a subscriber. All reads and all signals are made by one
 * {@link SerialTask}. A request, an event of the pipe, a cancellation and a close of the pipe make
 * it run.
 */
final class PipeSubscription implements OutputSubscription {
  /** The number of reads after which other tasks of the executor have their turn. */
  private static final int BATCH = 16;

  private final PipeInputImpl pipe;
  private final Flow.Subscriber<? super ByteBuffer> subscriber;
  private final boolean claimed;
  private final Readiness readiness;
  private final SerialTask task;
  private final AtomicLong demand = new AtomicLong();
  private volatile boolean cancelled;
  private volatile boolean finishing;
  private volatile @Nullable IllegalArgumentException misuse;

  /** Set when the first signal was sent; accessed by the task only. */
  private boolean begun;

  /** Set before the last signal is sent; accessed by the task only. */
  private boolean ended;

  PipeSubscription(
      PipeInputImpl pipe, Executor executor, Flow.Subscriber<? super ByteBuffer> subscriber) {
    this.pipe = pipe;
    this.subscriber = subscriber;
    task = new SerialTask(executor, this::turn, this::reject);
    readiness = pipe.end().readiness(this::ready);
    claimed = pipe.use().beginStream();
  }

  void begin() {
    if (claimed) {
      pipe.end().whenClosed(task::request);
    }
    task.request();
  }

  @Override
  public void request(long count) {
    if (count <= 0) {
      misuse = new IllegalArgumentException("the number of buffers must be positive: " + count);
    } else {
      demand.accumulateAndGet(
          count, (before, more) -> before + more < 0 ? Long.MAX_VALUE : before + more);
    }
    task.request();
  }

  @Override
  public void cancel() {
    cancelled = true;
    if (claimed) {
      pipe.close();
    }
    task.request();
  }

  @Override
  public void finish() {
    finishing = true;
    task.request();
  }

  /**
   * Called when the pipe is ready, in the thread that watches all children. Reading here saves two
   * thread switches for each wait.
   */
  private void ready() {
    if (!(subscriber instanceof NonBlockingSubscriber) || !task.tryRunHere(this::readHere)) {
      pipe.end().execute(task::request);
    }
  }

  /** Passes on what the pipe contains; returns whether there is something else to do. */
  private boolean readHere() {
    if (ended || cancelled || finishing || misuse != null || demand.get() != Long.MAX_VALUE) {
      return true;
    }
    try {
      PipeInputImpl.Content content = PipeInputImpl.Content.BYTES;
      for (int i = 0; i < BATCH && content == PipeInputImpl.Content.BYTES; i++) {
        content = pipe.tryRead(this::pass);
      }
      if (content == PipeInputImpl.Content.END_OF_FILE) {
        return true;
      }
      readiness.await(); // Other pipes have their turn, also if this one contains more.
      return false;
    } catch (IOException e) {
      return true; // The next attempt fails in the same way.
    }
  }

  private boolean turn() {
    if (!begun) {
      begun = true;
      signal(() -> subscriber.onSubscribe(this));
      if (!claimed) {
        fail(new IllegalStateException("the pipe is being read, or has a subscriber already"));
      }
    }
    for (int i = 0; i < BATCH; i++) {
      if (ended || isOver()) {
        return false;
      }
      if (demand.get() == 0 && !finishing) {
        return false;
      }
      if (!read()) {
        return false;
      }
    }
    if (finishing) {
      // Another process writes without end.
      pipe.close();
    }
    return true;
  }

  /** Ends the stream if there is a reason other than the contents of the pipe. */
  private boolean isOver() {
    IllegalArgumentException refused = misuse;
    if (cancelled) {
      end();
    } else if (refused != null) {
      fail(refused);
    } else if (!pipe.isOpen()) {
      fail(new AsynchronousCloseException());
    }
    return ended;
  }

  /** Reads once; returns whether another read may follow. */
  private boolean read() {
    try {
      PipeInputImpl.Content content =
          demand.get() == 0 ? PipeInputImpl.Content.NONE : pipe.tryRead(this::pass);
      return switch (content) {
        case BYTES -> true;
        case NONE -> awaitOrFinish();
        case END_OF_FILE -> {
          end();
          signal(subscriber::onComplete);
          yield false;
        }
      };
    } catch (ClosedChannelException e) {
      return true; // The pipe was closed, or its rest was read at the end of the child.
    } catch (IOException e) {
      fail(e);
      return false;
    }
  }

  /** Waits for the pipe, or closes an empty one; returns whether another read may follow. */
  private boolean awaitOrFinish() throws IOException {
    if (finishing) {
      pipe.close();
      return true;
    }
    readiness.await();
    return false;
  }

  private void pass(ByteBuffer bytes) {
    demand.updateAndGet(count -> count == Long.MAX_VALUE ? count : count - 1);
    ByteBuffer passed = subscriber instanceof NonBlockingSubscriber ? bytes : copy(bytes);
    signal(() -> subscriber.onNext(passed));
  }

  private static ByteBuffer copy(ByteBuffer bytes) {
    byte[] copy = new byte[bytes.remaining()];
    bytes.get(copy);
    return ByteBuffer.wrap(copy).asReadOnlyBuffer();
  }

  /** Sends a signal. A subscriber that throws is cancelled, as its contract requires. */
  private void signal(Runnable signal) {
    try {
      signal.run();
    } catch (RuntimeException | Error e) {
      LOG.log(System.Logger.Level.ERROR, "a subscriber of " + pipe + " failed", e);
      close();
    }
  }

  private void fail(Throwable cause) {
    if (!ended) {
      close();
      signal(() -> subscriber.onError(cause));
    }
  }

  /** Called instead of a run if the executor does not accept the task. */
  private void reject(Throwable cause) {
    if (cancelled) {
      end();
      return;
    }
    if (!begun) {
      begun = true;
      signal(() -> subscriber.onSubscribe(this));
    }
    fail(cause);
  }

  /** Closes the pipe and ends the stream. */
  private void close() {
    if (claimed && !ended) {
      pipe.close();
    }
    end();
  }

  private void end() {
    if (ended) {
      return;
    }
    ended = true;
    readiness.end();
    if (claimed) {
      pipe.end().forgetCloseAction();
      pipe.use().endStream();
    }
  }
}
