package dev.procdesc.freebsd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.procdesc.freebsd.kernel.Probes;
import dev.procdesc.testing.Tool;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests that the machine code matches its source, and contains no forbidden instructions. */
final class StubTest {
  private static final int PAGE = 4096;

  private static Path sources() {
    Path sources = Path.of(System.getProperty("basedir", ""), "src", "main", "native");
    assumeTrue(Files.isDirectory(sources), "no sources here");
    return sources;
  }

  private static byte[] stub(String machine) throws IOException {
    try (InputStream in =
        Probes.class.getResourceAsStream("/dev/procdesc/freebsd/spawnstub-" + machine + ".bin")) {
      return in == null ? fail("no stub for " + machine) : in.readAllBytes();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"amd64", "arm64"})
  void theBytesAreThoseOfTheSource(String machine, @TempDir Path build) throws Exception {
    assumeTrue(Tool.run(List.of("make", "--version")).isPresent(), "no GNU make");
    Tool.Result make = Tool.execute(
            List.of("make", "-C", sources().toString(), "BUILD=" + build, "check-stub-" + machine))
        .orElseThrow();
    assertEquals(0, make.status(), make.output());
    assumeTrue(!make.output().contains("skipped: no"), "no assembler for " + machine);
    assertTrue(make.output().contains("ok: spawnstub-" + machine + ".bin"), make.output());
    // Make reported a match; this is the file that it compared.
    assertArrayEquals(
        stub(machine),
        Files.readAllBytes(build.resolve("check").resolve("spawnstub-" + machine + ".bin")));
  }

  @Test
  void oneInstructionOfArm64HasFourBytes() throws IOException {
    assertEquals(0, stub("arm64").length % 4);
  }

  @ParameterizedTest
  @ValueSource(strings = {"amd64", "arm64"})
  void oneSmallPageIsEnough(String machine) throws IOException {
    int length = stub(machine).length;
    assertTrue(length > 0 && length <= PAGE, () -> length + " bytes");
  }

  /** Tests in the bytes that the code of the child has the properties that the sources promise. */
  @ParameterizedTest
  @ValueSource(strings = {"amd64", "arm64"})
  void theChildNeitherCallsNorUsesTheStack(String machine, @TempDir Path directory)
      throws Exception {
    Path code = Files.write(directory.resolve("stub.bin"), stub(machine));
    String gnu = machine.equals("amd64") ? "x86_64" : "aarch64";
    String architecture = machine.equals("amd64") ? "i386:x86-64" : "aarch64";
    Optional<String> text = Optional.empty();
    for (String tool : List.of(gnu + "-linux-gnu-objdump", "objdump")) {
      if (text.isEmpty()) {
        text = Tool.run(List.of(
            tool, "-D", "-b", "binary", "-m", architecture, "--no-show-raw-insn", code.toString()));
      }
    }
    assumeTrue(text.isPresent(), "no disassembler for " + machine);
    List<String> instructions = new ArrayList<>();
    Matcher matcher =
        Pattern.compile("^ +[0-9a-f]+:\\s+(.+?)\\s*$", Pattern.MULTILINE).matcher(text.get());
    while (matcher.find()) {
      instructions.add(matcher.group(1));
    }
    List<String> system = instructions.stream()
        .filter(i -> i.startsWith("syscall") || i.startsWith("svc"))
        .toList();
    assertEquals(5, system.size(), "block, create, restore, step, exit: " + instructions);
    // The code of the parent ends with its last return; the code after it is the child's.
    int end = -1;
    for (int i = 0; i < instructions.size(); i++) {
      if (instructions.get(i).startsWith("ret")) {
        end = i;
      }
    }
    List<String> child = instructions.subList(end + 1, instructions.size());
    assertTrue(child.size() > 20, () -> "of the child: " + child);
    Pattern forbidden = Pattern.compile(
        "^(push|pop|call|ret|bl|blr|enter|leave|\\(bad\\)|\\.).*|.*(%[re]?sp\\b|\\bsp\\b|(?<!0)x30|\\blr\\b).*");
    for (String instruction : child) {
      assertTrue(!forbidden.matcher(instruction).matches(), () -> instruction + " in " + child);
    }
  }
}
