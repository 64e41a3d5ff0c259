package dev.procdesc.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.Platform;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.linux.kernel.Numbers;
import dev.procdesc.linux.kernel.Probes;
import dev.procdesc.linux.kernel.Syscalls;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.testing.JavaProgram;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Tests that the cost of a child does not depend on the number of descriptors of this JVM. */
final class SharedTableTest {
  /** The bit of the capability that permits to open the descriptors of any process. */
  private static final long CAP_SYS_PTRACE = 1L << 19;

  /** Without it, Java 24 and newer print a warning. */
  private static final String NATIVE_ACCESS = "--enable-native-access=ALL-UNNAMED";

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

  private static List<InputStream> openFiles() throws IOException {
    List<InputStream> open = new ArrayList<>();
    while (open.size() < 1000) {
      open.add(new FileInputStream("/dev/null"));
    }
    return open;
  }

  /** Prints the size of the table of a child with pipes, after many files were opened. */
  static final class ManyFiles {
    private ManyFiles() {}

    /** Opens the files, and spawns the child. */
    public static void main(String[] args) throws Exception {
      List<InputStream> open = openFiles();
      Spawner cat = Spawner.of("cat", "/proc/self/status")
          .stdin(Stdio.pipe())
          .stdout(Stdio.pipe())
          .stderr(Stdio.pipe());
      System.out.println(tableSize(cat));
      for (InputStream each : open) {
        each.close();
      }
    }
  }

  private static int tableSizeBesideManyFiles(String... more) throws Exception {
    List<String> options = new ArrayList<>(List.of(NATIVE_ACCESS));
    options.addAll(List.of(more));
    JavaProgram.Result result = JavaProgram.run(Map.of(), options, ManyFiles.class);
    assertEquals(0, result.code(), result.out());
    return Integer.parseInt(result.out().strip());
  }

  /** Prints a mechanism after children with pipes were made in a JVM that is not "dumpable". */
  static final class NotDumpable {
    private NotDumpable() {}

    /** Opens files, and spawns two children, of which the first finds the refusal. */
    public static void main(String[] args) throws Exception {
      List<InputStream> open = openFiles();
      Syscalls.prctl(Numbers.PR_SET_DUMPABLE, 0);
      for (int i = 0; i < 2; i++) {
        try (ChildProcess child =
                Spawner.of("cat").stdin(Stdio.pipe()).stdout(Stdio.pipe()).spawn();
            InputStream output = child.stdout()) {
          child.stdin().write(ByteBuffer.wrap(new byte[] {'x'}));
          child.stdin().close();
          System.out.print(new String(output.readAllBytes(), StandardCharsets.UTF_8));
          System.out.println(child.waitFor());
        }
      }
      Syscalls.prctl(Numbers.PR_SET_DUMPABLE, 1);
      Platform.current().mechanisms().stream()
          .filter(mechanism -> mechanism.name().equals("pipes_by_name"))
          .forEach(mechanism -> System.out.println(mechanism.present() + " " + mechanism.how()));
      for (InputStream each : open) {
        each.close();
      }
    }
  }

  @Test
  void aChildThatMayNotOpenItsPipesGetsCopies() throws Exception {
    Probes probes = new Probes();
    assumeTrue(probes.sharesTable(), probes.mechanism("shared_table").toString());
    JavaProgram.Result result =
        JavaProgram.run(Map.of(), List.of(NATIVE_ACCESS), NotDumpable.class);
    String status = Files.readString(Path.of("/proc/self/status"));
    Matcher capabilities = Pattern.compile("CapEff:\\s+([0-9a-f]+)").matcher(status);
    assertTrue(capabilities.find(), status);
    boolean mayTrace = (Long.parseUnsignedLong(capabilities.group(1), 16) & CAP_SYS_PTRACE) != 0;
    String mechanism = mayTrace
        ? "true readlink(/proc/self)"
        : "false open(/proc/PID/fd/NUMBER) in a child: EACCES (13): Permission denied";
    assertEquals("xExited[code=0]\nxExited[code=0]\n" + mechanism + "\n", result.out());
    assertEquals(0, result.code());
  }

  @Test
  void pipesAreOpenedByNameIfTheFirstSpawnFindsNoLowNumbers() throws Exception {
    Probes probes = new Probes();
    assumeTrue(probes.sharesTable(), probes.mechanism("shared_table").toString());
    assumeTrue(Probes.endOfTable(2) == 3, "Linux 6.12");
    assertNotAbove(256, tableSizeBesideManyFiles());
    int copied = tableSizeBesideManyFiles("-Ddev.procdesc.disable=pipes_by_name");
    assertTrue(copied > 1000, () -> "a copied table has only " + copied);
  }
}
