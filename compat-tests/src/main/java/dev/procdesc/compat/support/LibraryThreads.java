package dev.procdesc.compat.support;

import java.util.List;

/** The threads of the library in this JVM. */
public final class LibraryThreads {
  private LibraryThreads() {}

  /** Returns the names of those that exist; the last one to end has given everything back. */
  public static List<String> names() {
    return Thread.getAllStackTraces().keySet().stream()
        .map(Thread::getName)
        .filter(name -> name.startsWith("procdesc-"))
        .toList();
  }
}
