package dev.procdesc.linux;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.linux.kernel.Numbers;
import dev.procdesc.linux.kernel.Probes;
import dev.procdesc.posix.ffi.LibC;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Tests that the cost of a child does not depend on the number of descriptors of this JVM. */
final class SharedTableTest {
  private static final Pattern SIZE = Pattern.compile("FDSize:\\s+(\\d+)\n");

  /** Returns the size of the descriptor table of a child, which the exec does not change. */
  private static int tableSize(Spawner cat) throws IOException, InterruptedException {
    try (ChildProcess child = cat.spawn();
        InputStream output = child.stdout()) {
      String status = new String(output.readAllBytes(), StandardCharsets.UTF_8);
      child.waitFor();
      Matcher size = SIZE.matcher(status);
      assertTrue(size.find(), status);
      return Integer.parseInt(size.group(1));
    }
  }

  /**
   * The first children may use higher numbers: a number is moved only if that is worth the call.
   */
  private static void assertNotAbove(int limit, int size) {
    assertTrue(size <= limit, () -> size + " is more than " + limit);
  }

  @Test
  void theChildsTableHasRoomForItsOwnDescriptorsOnly() throws Exception {
    Probes probes = new Probes();
    assumeTrue(probes.sharesTable(), probes.mechanism("shared_table").toString());
    assumeTrue(Probes.endOfTable(2) == 3, "Linux 6.12");
    Spawner cat =
        Spawner.of("cat", "/proc/self/status").stdin(Stdio.nullDevice()).stdout(Stdio.pipe());
    int before = tableSize(cat);
    List<Integer> open = new ArrayList<>();
    try {
      while (open.size() < 1000) {
        int copy = LibC.fcntl(0, Numbers.POSIX.fDupfdCloexec(), 0);
        assertTrue(copy >= 0, () -> "fcntl(F_DUPFD_CLOEXEC): " + copy);
        open.add(copy);
      }
      assertNotAbove(before, tableSize(cat));
      assertNotAbove(before, tableSize(cat.stderr(Stdio.pipe())));
    } finally {
      open.forEach(LibC::close);
    }
  }
}
