package dev.procdesc.compat.support;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.atomic.AtomicInteger;
import jnr.constants.platform.Signal;
import jnr.posix.SignalHandler;
import jnr.posix.util.SunMiscSignal;

/**
 * Counts the signals of one kind that this JVM gets. Rejected: {@code POSIX.signal}, which runs
 * Java in the native handler, in any thread, and loses its callback at a garbage collection
 * (jnr-posix issue 137).
 */
public final class SignalCounter {
  private final AtomicInteger count = new AtomicInteger();

  private SignalCounter() {}

  /** Starts to count. */
  public static SignalCounter of(Signal signal) {
    return of(signal, number -> {});
  }

  /** Starts to count, and calls a handler before each count. */
  public static SignalCounter of(Signal signal, SignalHandler handler) {
    // On FreeBSD this starts a child, whose SIGCHLD must not be counted.
    assertTrue(Host.C.isNative());
    SignalCounter counter = new SignalCounter();
    SunMiscSignal.signal(signal, number -> {
      handler.handle(number);
      counter.count.incrementAndGet();
    });
    return counter;
  }

  /** Returns the number of signals so far. */
  public int count() {
    return count.get();
  }
}
