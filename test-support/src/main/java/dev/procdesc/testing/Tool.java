package dev.procdesc.testing;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** The tools of the machine, such as compilers and make, which a test may find or not. */
public final class Tool {
  private Tool() {}

  /**
   * The result of a command.
   *
   * @param status the exit status
   * @param output the standard output and error
   */
  public record Result(int status, String output) {}

  /**
   * Runs a command that must succeed to be of use.
   *
   * @param command the command line
   * @return its output; empty if it is not installed or fails
   * @throws IOException if its output cannot be read
   * @throws InterruptedException if this thread is interrupted
   */
  public static Optional<String> run(List<String> command)
      throws IOException, InterruptedException {
    return execute(command).filter(result -> result.status == 0).map(Result::output);
  }

  /**
   * Runs a command, in the C locale and without the variables of a surrounding make.
   *
   * @param command the command line
   * @return its status and output; empty if it is not installed
   * @throws IOException if its output cannot be read
   * @throws InterruptedException if this thread is interrupted
   */
  public static Optional<Result> execute(List<String> command)
      throws IOException, InterruptedException {
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
    assertTrue(
        process.waitFor(Timeouts.CEILING.toSeconds(), TimeUnit.SECONDS), () -> command + " hangs");
    return Optional.of(new Result(process.exitValue(), out));
  }
}
