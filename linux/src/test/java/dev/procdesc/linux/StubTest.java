package dev.procdesc.linux;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.procdesc.linux.kernel.Numbers;
import dev.procdesc.linux.kernel.Probes;
import dev.procdesc.posix.ffi.Architecture;
import dev.procdesc.posix.ffi.SystemNumbers;
import dev.procdesc.posix.spawn.SpawnStub;
import dev.procdesc.testing.JavaProgram;
import dev.procdesc.testing.Tool;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests that the machine code matches its source, and how it is mapped in memory. */
final class StubTest {
  private static final int PAGE = 4096;

  private static byte[] stub(String machine) throws IOException {
    try (InputStream in =
        Probes.class.getResourceAsStream("/dev/procdesc/linux/spawnstub-" + machine + ".bin")) {
      return in == null ? fail("no stub for " + machine) : in.readAllBytes();
    }
  }

  private static byte[] stub() throws IOException {
    assumeTrue(
        Architecture.CURRENT != Architecture.OTHER,
        "there is no stub for " + System.getProperty("os.arch"));
    return stub(Architecture.CURRENT.gnuName());
  }

  // ---- the bytes

  @ParameterizedTest
  @ValueSource(strings = {"x86_64", "aarch64"})
  void theBytesAreThoseOfTheSource(String machine, @TempDir Path build) throws Exception {
    Path sources = Path.of(System.getProperty("basedir", ""), "src", "main", "native");
    assumeTrue(Files.isDirectory(sources), "no sources here");
    assumeTrue(Tool.run(List.of("make", "--version")).isPresent(), "no make");
    ProcessBuilder builder = new ProcessBuilder(
        "make", "-C", sources.toString(), "BUILD=" + build, "check-stub-" + machine);
    builder.environment().keySet().removeAll(List.of("MAKEFLAGS", "MAKELEVEL", "MFLAGS"));
    Process make = builder.redirectErrorStream(true).start();
    make.getOutputStream().close();
    String out = new String(make.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, make.waitFor(), out);
    assumeTrue(!out.contains("skipped: no"), "no assembler for " + machine);
    assertTrue(out.contains("ok: spawnstub-" + machine + ".bin"), out);
    // Make reported a match; this is the file that it compared.
    assertArrayEquals(
        stub(machine),
        Files.readAllBytes(build.resolve("check").resolve("spawnstub-" + machine + ".bin")));
  }

  @Test
  void oneInstructionOfAarch64HasFourBytes() throws IOException {
    assertEquals(0, stub("aarch64").length % 4);
  }

  @ParameterizedTest
  @ValueSource(strings = {"x86_64", "aarch64"})
  void oneSmallPageIsEnough(String machine) throws IOException {
    int length = stub(machine).length;
    assertTrue(length > 0 && length <= PAGE, () -> length + " bytes");
  }

  // ---- its place in memory

  /** A line of /proc/self/maps. */
  private record Mapping(long start, long end, String permissions, String name) {
    boolean writableAndExecutable() {
      return permissions.contains("w") && permissions.contains("x");
    }

    boolean executable() {
      return permissions.contains("x");
    }
  }

  private static List<Mapping> mappings() throws IOException {
    List<Mapping> mappings = new ArrayList<>();
    for (String line : Files.readAllLines(Path.of("/proc/self/maps"))) {
      String[] fields = line.split(" +", 6);
      int dash = fields[0].indexOf('-');
      mappings.add(new Mapping(
          Long.parseUnsignedLong(fields[0].substring(0, dash), 16),
          Long.parseUnsignedLong(fields[0].substring(dash + 1), 16),
          fields[1],
          fields.length > 5 ? fields[5] : ""));
    }
    return mappings;
  }

  /** Returns the anonymous executable mappings with these bytes at the start of a page. */
  private static List<Mapping> holding(byte[] code) throws IOException {
    List<Mapping> holding = new ArrayList<>();
    // The memory is read through a file, because the JVM may unmap a part of its code cache
    // meanwhile.
    try (RandomAccessFile memory = new RandomAccessFile("/proc/self/mem", "r")) {
      for (Mapping mapping : mappings()) {
        if (mapping.executable() && mapping.name.isEmpty()) {
          for (long page = mapping.start; page < mapping.end; page += PAGE) {
            if (Arrays.equals(code, read(memory, page, code.length))) {
              holding.add(mapping);
            }
          }
        }
      }
    }
    return holding;
  }

  private static byte[] read(RandomAccessFile memory, long address, int length) {
    byte[] bytes = new byte[length];
    try {
      memory.seek(address);
      memory.readFully(bytes);
      return bytes;
    } catch (IOException e) {
      return new byte[0];
    }
  }

  @Test
  void theMappedStubIsExecutableAndNotWritable() throws IOException {
    assumeTrue(Files.isReadable(Path.of("/proc/self/maps")), "no /proc here");
    byte[] code = stub();
    int before = holding(code).size();
    SystemNumbers.choose(Numbers.POSIX, Numbers.SOCKETS, Numbers.SETUP);
    SpawnStub.map(new ByteArrayInputStream(code));
    List<Mapping> after = holding(code);
    assertEquals(before + 1, after.size());
    for (Mapping mapping : after) {
      assertEquals("r-xp", mapping.permissions);
    }
  }

  /** Spawns a child, and reports the new mappings that are both writable and executable. */
  public static final class NewMappings {
    private NewMappings() {}

    /** The program. */
    public static void main(String[] arguments) throws Exception {
      Set<Mapping> before = writableAndExecutable();
      try (var child = dev.procdesc.Spawner.of("/bin/true").spawn()) {
        child.waitFor();
      }
      Set<Mapping> after = writableAndExecutable();
      after.removeAll(before);
      System.out.println("executed in " + holding(stub()).size() + " mapping, new: " + after);
    }

    private static Set<Mapping> writableAndExecutable() throws IOException {
      Set<Mapping> found = new LinkedHashSet<>(mappings());
      found.removeIf(mapping -> !mapping.writableAndExecutable());
      return found;
    }
  }

  @Test
  void spawningLeavesNothingWritableAndExecutable() throws Exception {
    assumeTrue(Files.isReadable(Path.of("/proc/self/maps")), "no /proc here");
    assumeTrue(new Probes().mechanism("stub").present(), "no code can be mapped here");
    // The code cache of the JVM is both, but it is mapped completely at the start.
    List<String> options = List.of(
        "--enable-native-access=ALL-UNNAMED",
        "-Xint",
        "-XX:-SegmentedCodeCache",
        "-XX:ReservedCodeCacheSize=8m",
        "-XX:InitialCodeCacheSize=8m");
    Optional<String> out = Tool.run(JavaProgram.command(options, NewMappings.class));
    assertEquals("executed in 1 mapping, new: []", out.orElse("failed").strip());
  }
}
