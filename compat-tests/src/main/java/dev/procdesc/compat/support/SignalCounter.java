package dev.procdesc.compat.support;

import java.lang.reflect.Proxy;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Counts a signal that this JVM gets, by the JDK's unofficial {@code sun.misc.Signal}. By
 * reflection, because the compiler warns of it.
 */
public final class SignalCounter {
  private final AtomicInteger count = new AtomicInteger();

  private SignalCounter() {}

  /** Counts from now on. */
  public static SignalCounter of(String name) throws ReflectiveOperationException {
    SignalCounter counter = new SignalCounter();
    Class<?> signal = Class.forName("sun.misc.Signal");
    Class<?> handler = Class.forName("sun.misc.SignalHandler");
    Object proxy = Proxy.newProxyInstance(
        SignalCounter.class.getClassLoader(),
        new Class<?>[] {handler},
        (self, method, arguments) -> {
          if (method.getName().equals("handle")) {
            counter.count.incrementAndGet();
          }
          return null;
        });
    signal
        .getMethod("handle", signal, handler)
        .invoke(null, signal.getConstructor(String.class).newInstance(name), proxy);
    return counter;
  }

  /** How many there were. */
  public int count() {
    return count.get();
  }
}
