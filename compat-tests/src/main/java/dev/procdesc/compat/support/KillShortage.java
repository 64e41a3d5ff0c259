package dev.procdesc.compat.support;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.function.Executable;

/** A shortage of descriptors in this JVM, for a while. */
public final class KillShortage {
  private KillShortage() {}

  /**
   * Does something while so many descriptors are free.
   *
   * @param room how many; Java may need one for a moment, to read a class
   */
  public static void during(int room, Executable what) throws Throwable {
    long limit = Descriptors.limit();
    List<Integer> taken = new ArrayList<>();
    int highest = Descriptors.open().keySet().stream().mapToInt(fd -> fd).max().orElseThrow();
    for (int fd = 3; fd < highest; fd++) {
      if (!Descriptors.isOpen(fd)) {
        taken.add(Descriptors.copy(0, fd));
      }
    }
    Descriptors.setLimit(highest + 1 + room);
    try {
      what.execute();
    } finally {
      Descriptors.setLimit(limit);
      taken.forEach(Descriptors::close);
    }
  }
}
