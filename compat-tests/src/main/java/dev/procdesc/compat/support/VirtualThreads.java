package dev.procdesc.compat.support;

import java.util.concurrent.ThreadFactory;

/** Virtual threads, by reflection: the suite also runs on a Java that has none. */
public final class VirtualThreads {
  /** True if this version of Java has virtual threads. */
  public static final boolean AVAILABLE = Runtime.version().feature() >= 21;

  private VirtualThreads() {}

  /** Returns a factory of virtual threads. */
  public static ThreadFactory factory() {
    try {
      Object builder = Thread.class.getMethod("ofVirtual").invoke(null);
      return (ThreadFactory)
          Class.forName("java.lang.Thread$Builder").getMethod("factory").invoke(builder);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("no virtual threads in Java " + Runtime.version(), e);
    }
  }
}
