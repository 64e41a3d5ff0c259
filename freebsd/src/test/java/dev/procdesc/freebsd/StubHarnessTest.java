package dev.procdesc.freebsd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.procdesc.freebsd.kernel.Probes;
import dev.procdesc.posix.ffi.Architecture;
import dev.procdesc.testing.Tool;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Executes FreeBSD's machine code on Linux: a C program simulates FreeBSD's kernel, and translates
 * the system calls of the stub and their results. The tests are in
 * {@code src/test/native/stubharness.c}. On other processors, the code for arm64 runs in an
 * emulator of user programs.
 */
final class StubHarnessTest {
  private static final String ARM64_COMPILER = "aarch64-linux-gnu-gcc";

  @TempDir
  @SuppressWarnings("NullAway.Init") // Set by JUnit.
  private Path directory;

  /** The command that runs the harness, without the file argument. */
  private record Harness(List<String> before, List<String> behind) {}

  private Harness harness(String machine) throws Exception {
    assumeTrue(System.getProperty("os.name", "").equals("Linux"), "the harness runs on Linux only");
    assumeTrue(
        Architecture.CURRENT != Architecture.OTHER, "the harness does not support this machine");
    Cc.require(directory);
    Path own = compile("cc", "stubharness");
    if (Architecture.CURRENT.bsdName().equals(machine)) {
      return new Harness(List.of(own.toString()), List.of());
    }
    assumeTrue(machine.equals("arm64"), "the code for amd64 needs that processor, for ptrace");
    Cc.require(directory, ARM64_COMPILER, "-static");
    String emulator = emulator().orElse("");
    assumeTrue(!emulator.isEmpty(), "no emulator of arm64 user programs: qemu-aarch64");
    Path emulated = compile(ARM64_COMPILER, "stubharness-arm64", "-static");
    // The children execute a program for the host machine.
    return new Harness(List.of(emulator, emulated.toString()), List.of(own.toString()));
  }

  private static Optional<String> emulator() throws Exception {
    for (String name : List.of("qemu-aarch64", "qemu-aarch64-static")) {
      if (Tool.run(List.of(name, "--version")).isPresent()) {
        return Optional.of(name);
      }
    }
    return Optional.empty();
  }

  private Path compile(String compiler, String name, String... more) throws Exception {
    Path source =
        Path.of(System.getProperty("basedir", ""), "src", "test", "native", "stubharness.c");
    assumeTrue(Files.exists(source), "no sources here");
    Path program = directory.resolve(name);
    List<String> command =
        new ArrayList<>(List.of(compiler, "-std=gnu11", "-O2", "-Wall", "-Wextra"));
    command.addAll(List.of(more));
    command.addAll(List.of("-o", program.toString(), source.toString()));
    Tool.Result result = Tool.execute(command).orElseThrow();
    assertEquals(0, result.status(), result.output());
    assertEquals("", result.output(), "warnings");
    return program;
  }

  private static byte[] stub(String machine) throws IOException {
    try (InputStream in =
        Probes.class.getResourceAsStream("/dev/procdesc/freebsd/spawnstub-" + machine + ".bin")) {
      return in == null ? fail("no stub") : in.readAllBytes();
    }
  }

  private Tool.Result run(String machine, byte[] code) throws Exception {
    Harness harness = harness(machine);
    List<String> command = new ArrayList<>(harness.before);
    command.add(Files.write(directory.resolve("stub.bin"), code).toString());
    command.addAll(harness.behind);
    Optional<Tool.Result> result = Tool.execute(command);
    assumeTrue(result.orElseThrow().status() != 77, result.get().output());
    return result.get();
  }

  @ParameterizedTest
  @ValueSource(strings = {"amd64", "arm64"})
  void theStubDoesWhatItSays(String machine) throws Exception {
    Tool.Result result = run(machine, stub(machine));
    assertEquals(0, result.status(), result.output());
    assertTrue(result.output().contains(", 0 failed"), result.output());
  }

  /** Tests that the harness detects a fault: a stub that ignores the carry flag of a step. */
  @ParameterizedTest
  @CsvSource({
    // sbb rdx, rdx becomes xor rdx, rdx.
    "amd64, 4819d2, 4831d2",
    // cset x15, cs becomes mov x15, #0.
    "arm64, ef379f9a, 0f0080d2"
  })
  void aStubThatDoesNotSeeErrorsIsFoundOut(String machine, String right, String wrong)
      throws Exception {
    String code = HexFormat.of().formatHex(stub(machine));
    int found = code.indexOf(right);
    assertTrue(found > 0 && found % 2 == 0 && found == code.lastIndexOf(right), code);
    Tool.Result result = run(machine, HexFormat.of().parseHex(code.replace(right, wrong)));
    assertNotEquals(0, result.status(), result.output());
    assertTrue(result.output().contains("FAILED"), result.output());
  }
}
