package dev.procdesc.freebsd;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.procdesc.testing.Tool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Runs the tools of the machine, such as compilers and make, and their output. */
final class Cc {
  private Cc() {}

  /** Skips the test if {@code cc} cannot create a program that runs in a directory. */
  static void require(Path directory) throws IOException, InterruptedException {
    Path program = require(directory, "cc");
    assumeTrue(
        Tool.run(List.of(program.toString())).isPresent(),
        "no program can be executed in " + directory);
  }

  /**
   * Skips the test if a compiler cannot create a program: it may be missing, or installed without
   * headers or a C library.
   *
   * @return the path of the program
   */
  static Path require(Path directory, String compiler, String... options)
      throws IOException, InterruptedException {
    assumeTrue(
        Tool.execute(List.of(compiler, "--version")).isPresent(), "no C compiler " + compiler);
    Path source = directory.resolve("any.c");
    Files.writeString(source, "#include <stdio.h>\nint main(void) { return puts(\"\") < 0; }\n");
    Path program = directory.resolve("any-" + compiler);
    List<String> command = new ArrayList<>(List.of(compiler));
    command.addAll(List.of(options));
    command.addAll(List.of("-o", program.toString(), source.toString()));
    assumeTrue(Tool.run(command).isPresent(), compiler + " lacks headers or a C library");
    return program;
  }
}
