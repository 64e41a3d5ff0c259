package dev.procdesc.compat.support;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.atomic.AtomicInteger;
import jnr.constants.platform.Signal;
import jnr.posix.SignalHandler;
import jnr.posix.util.SunMiscSignal;

/**
 * Handles a signal that this JVM gets, and counts it. Rejected: {@code POSIX.signal}, which runs
 * Java in the native handler, in any thread, and loses its callback at a garbage collection
 * (jnr-posix issue 137).
 */
public final class SignalCounter {
  private final AtomicInteger count = new AtomicInteger();

  private SignalCounter() {}

  /** Counts from now on. */
  public static SignalCounter of(Signal signal) {
    return of(signal, number -> {});
  }

  /** Counts from now on, and calls a handler before. */
  public static SignalCounter of(Signal signal, SignalHandler handler) {
    // On FreeBSD this starts a child, whose SIGCHLD is not to be counted.
    assertTrue(Host.C.isNative());
    SignalCounter counter = new SignalCounter();
    SunMiscSignal.signal(signal, number -> {
      handler.handle(number);
      counter.count.incrementAndGet();
    });
    return counter;
  }

  /** How many there were. */
  public int count() {
    return count.get();
  }
}
