package dev.procdesc.freebsd;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Runs the tools of the machine, such as compilers and make, and their output. */
final class Cc {
  /** The time limit of a tool in seconds; an environment variable raises it for slow machines. */
  static final long CEILING_SECONDS = (long)
      (60 * Double.parseDouble(System.getenv().getOrDefault("PROCDESC_TIMEOUT_FACTOR", "1")));

  private Cc() {}

  /** The output of a tool and its exit status. */
  record Result(int status, String output) {}

  /** Skips the test if {@code cc} cannot create a program that runs in a directory. */
  static void require(Path directory) throws IOException, InterruptedException {
    Path program = require(directory, "cc");
    assumeTrue(
        run(List.of(program.toString())).isPresent(), "no program can be executed in " + directory);
  }

  /**
   * Skips the test if a compiler cannot create a program: it may be missing, or installed without
   * headers or a C library.
   *
   * @return the path of the program
   */
  static Path require(Path directory, String compiler, String... options)
      throws IOException, InterruptedException {
    assumeTrue(execute(List.of(compiler, "--version")).isPresent(), "no C compiler " + compiler);
    Path source = directory.resolve("any.c");
    Files.writeString(source, "#include <stdio.h>\nint main(void) { return puts(\"\") < 0; }\n");
    Path program = directory.resolve("any-" + compiler);
    List<String> command = new ArrayList<>(List.of(compiler));
    command.addAll(List.of(options));
    command.addAll(List.of("-o", program.toString(), source.toString()));
    assumeTrue(run(command).isPresent(), compiler + " lacks headers or a C library");
    return program;
  }

  /** Returns the output of a command; empty if it fails or is not installed. */
  static Optional<String> run(List<String> command) throws IOException, InterruptedException {
    Optional<Result> result = execute(command);
    return result.filter(r -> r.status == 0).map(Result::output);
  }

  /** Returns the outcome of a command; empty if it is not installed. */
  static Optional<Result> execute(List<String> command) throws IOException, InterruptedException {
    ProcessBuilder builder = new ProcessBuilder(new ArrayList<>(command));
    builder.environment().put("LC_ALL", "C");
    builder.environment().keySet().removeAll(List.of("MAKEFLAGS", "MAKELEVEL", "MFLAGS"));
    Process process;
    try {
      process = builder.redirectErrorStream(true).start();
    } catch (IOException e) {
      return Optional.empty();
    }
    process.getOutputStream().close();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(process.waitFor(CEILING_SECONDS, TimeUnit.SECONDS), () -> command + " hangs");
    return Optional.of(new Result(process.exitValue(), out));
  }
}
