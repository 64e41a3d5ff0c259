package dev.procdesc.compat.support;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.function.Executable;

/** A temporary shortage of file descriptors in this JVM. */
public final class DescriptorShortage {
  private DescriptorShortage() {}

  /**
   * Executes a task while only a few descriptors can be opened.
   *
   * @param room the number of free descriptors; Java may need one for a moment, to load a class
   */
  public static void during(int room, Executable task) throws Throwable {
    long limit = Descriptors.limit();
    List<Integer> taken = new ArrayList<>();
    int highest = Descriptors.open().keySet().stream().mapToInt(fd -> fd).max().orElseThrow();
    // The kernel chooses the numbers, because Java's threads open files at any time.
    int next = Descriptors.duplicate(0);
    while (next < highest) {
      taken.add(next);
      next = Descriptors.duplicate(0);
    }
    Descriptors.close(next);
    Descriptors.setLimit(highest + 1 + room);
    try {
      task.execute();
    } finally {
      Descriptors.setLimit(limit);
      taken.forEach(Descriptors::close);
    }
  }
}
