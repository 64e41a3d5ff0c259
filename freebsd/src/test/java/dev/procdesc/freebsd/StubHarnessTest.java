package dev.procdesc.freebsd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * FreeBSD's machine code for amd64, executed on Linux: a C program traces it, and translates its
 * system calls both ways. What that program tests stands in {@code src/test/native/stubharness.c}.
 */
final class StubHarnessTest {
  @TempDir
  @SuppressWarnings("NullAway.Init") // Set by JUnit.
  private Path directory;

  @SuppressWarnings("NullAway.Init") // Set before each test.
  private Path harness;

  @BeforeEach
  void compile() throws Exception {
    assumeTrue(System.getProperty("os.name", "").equals("Linux"), "Linux, whose ptrace is used");
    assumeTrue(Architecture.CURRENT == Architecture.AMD64, "a processor that runs amd64 code");
    Path source =
        Path.of(System.getProperty("basedir", ""), "src", "test", "native", "stubharness.c");
    assumeTrue(Files.exists(source), "no sources here");
    assumeTrue(Cc.execute(List.of("cc", "--version")).isPresent(), "no C compiler");
    harness = directory.resolve("stubharness");
    Cc.Result result = Cc.execute(List.of(
            "cc",
            "-std=gnu11",
            "-O2",
            "-Wall",
            "-Wextra",
            "-o",
            harness.toString(),
            source.toString()))
        .orElseThrow();
    assertEquals(0, result.status(), result.output());
  }

  private static byte[] stub() throws IOException {
    try (InputStream in = Kernel.class.getResourceAsStream("spawnstub-amd64.bin")) {
      return in == null ? fail("no stub") : in.readAllBytes();
    }
  }

  private Cc.Result run(byte[] code) throws Exception {
    Path file = Files.write(directory.resolve("stub.bin"), code);
    Optional<Cc.Result> result = Cc.execute(List.of(harness.toString(), file.toString()));
    assumeTrue(result.orElseThrow().status() != 77, result.get().output());
    return result.get();
  }

  @Test
  void theStubDoesWhatItSays() throws Exception {
    Cc.Result result = run(stub());
    assertEquals(0, result.status(), result.output());
    assertTrue(result.output().contains("0 failed"), result.output());
  }

  /** The harness sees what is wrong: a stub that does not look at the carry flag of a step. */
  @Test
  void aStubThatDoesNotSeeErrorsIsFoundOut() throws Exception {
    byte[] code = stub();
    int found = 0;
    for (int i = 0; i + 2 < code.length; i++) {
      // sbb rdx, rdx becomes xor rdx, rdx.
      if (code[i] == 0x48 && code[i + 1] == 0x19 && code[i + 2] == (byte) 0xD2) {
        code[i + 1] = 0x31;
        found++;
      }
    }
    assertEquals(1, found);
    Cc.Result result = run(code);
    assertNotEquals(0, result.status(), result.output());
    assertTrue(result.output().contains("FAILED"), result.output());
  }
}
