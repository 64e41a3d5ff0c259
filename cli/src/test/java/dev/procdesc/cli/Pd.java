package dev.procdesc.cli;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.testing.Await;
import dev.procdesc.testing.Timeouts;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The real program in a JVM of its own. */
final class Pd implements AutoCloseable {
  /** The ceiling of a run that should be quick. */
  static final long LIMIT_SECONDS = Timeouts.CEILING.toSeconds();

  private final Process process;
  private final BufferedReader out;
  private final CompletableFuture<String> err;

  /** Variables that a developer may have set, and whose effect would appear in the output. */
  private static final List<String> VARIABLES =
      List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "PD_DEBUG");

  private Pd(Process process) {
    this.process = process;
    out = process.inputReader(StandardCharsets.UTF_8);
    err = CompletableFuture.supplyAsync(() -> all(process.getErrorStream()), Pd::inThread);
  }

  /**
   * The outcome of a run.
   *
   * @param code its exit code
   * @param out its standard output
   * @param err its standard error
   */
  record Result(int code, String out, String err) {}

  /** The command line of the program in a JVM like this one. */
  static List<String> command(String... arguments) {
    List<String> command = new ArrayList<>(List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "--enable-native-access=ALL-UNNAMED",
        "-XX:TieredStopAtLevel=1",
        "-XX:+UseSerialGC",
        "-XX:-MaxFDLimit",
        "-XX:+DisplayVMOutputToStderr",
        "-cp",
        System.getProperty("java.class.path"),
        Main.class.getName()));
    command.addAll(Arrays.asList(arguments));
    return command;
  }

  static Pd start(String... arguments) throws IOException {
    return start(new ProcessBuilder(command(arguments)));
  }

  static Pd start(ProcessBuilder builder) throws IOException {
    builder.environment().keySet().removeAll(VARIABLES);
    return new Pd(builder.start());
  }

  /** Starts a command with pipes, and with no signal ignored. */
  static Pd start(Spawner command) throws IOException {
    Spawner spawner = command.stdin(Stdio.pipe()).stdout(Stdio.pipe()).stderr(Stdio.pipe());
    for (String name : VARIABLES) {
      spawner = spawner.withoutEnvironment(name);
    }
    return new Pd(spawner.spawn().asProcess());
  }

  /** Starts a command with no signal ignored, as a shell does in the foreground. */
  static Pd startInForeground(List<String> command) throws IOException {
    return start(Spawner.of(command));
  }

  /** Runs it to its end, with nothing at standard input. */
  static Result run(String... arguments) throws IOException, InterruptedException {
    try (Pd pd = start(arguments)) {
      pd.stdin().close();
      return pd.end();
    }
  }

  /** Runs a command that is not pd; returns its exit code, or -1 if there is no such program. */
  static int exitCode(List<String> command) throws InterruptedException {
    try {
      return new ProcessBuilder(command)
          .redirectErrorStream(true)
          .redirectOutput(ProcessBuilder.Redirect.DISCARD)
          .start()
          .waitFor();
    } catch (IOException e) {
      return -1;
    }
  }

  OutputStream stdin() {
    return process.getOutputStream();
  }

  void type(String text) throws IOException {
    stdin().write(text.getBytes(StandardCharsets.UTF_8));
    stdin().flush();
  }

  /** Reads standard output up to a line that has this text. */
  void await(String text) throws InterruptedException {
    StringBuilder seen = new StringBuilder();
    for (String line = line(); line != null; line = line()) {
      seen.append(line).append('\n');
      if (line.contains(text)) {
        return;
      }
    }
    throw new AssertionError("'" + text + "' did not come, but: " + seen + err.join());
  }

  /** Reads standard output up to a line that matches a regular expression, and returns it. */
  String awaitMatch(String pattern) throws InterruptedException {
    StringBuilder seen = new StringBuilder();
    for (String line = line(); line != null; line = line()) {
      seen.append(line).append('\n');
      if (line.strip().matches(pattern)) {
        return line.strip();
      }
    }
    throw new AssertionError(pattern + " did not come, but: " + seen + err.join());
  }

  /** Reads standard output up to a line, and returns all lines, without ^C and the like. */
  List<String> awaitAll(String last) throws InterruptedException {
    List<String> lines = new ArrayList<>();
    while (!lines.contains(last)) {
      String line = line();
      if (line == null) {
        throw new AssertionError("'" + last + "' did not come, but: " + lines + err.join());
      }
      lines.add(line.replaceAll("\\^.", "").strip());
    }
    return lines;
  }

  private @Nullable String line() throws InterruptedException {
    return Await.get(Await.start(() -> Optional.ofNullable(out.readLine())).result())
        .orElse(null);
  }

  /** Returns the process. */
  ProcessHandle handle() {
    return ProcessHandle.of(process.pid()).orElseThrow();
  }

  /** Sends a signal, by the name that kill(1) takes. */
  void signal(String name) throws IOException, InterruptedException {
    new ProcessBuilder("sh", "-c", "kill -" + name + " " + process.pid())
        .inheritIO()
        .start()
        .waitFor();
  }

  /** Waits for the end. */
  Result end() throws IOException, InterruptedException {
    CompletableFuture<String> rest = CompletableFuture.supplyAsync(
        () -> {
          StringBuilder text = new StringBuilder();
          out.lines().forEach(line -> text.append(line).append('\n'));
          return text.toString();
        },
        Pd::inThread);
    assertTrue(process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS), "pd does not end");
    return new Result(process.exitValue(), rest.join(), err.join());
  }

  private static void inThread(Runnable task) {
    Thread thread = new Thread(task, "reader of pd");
    thread.setDaemon(true);
    thread.start();
  }

  private static String all(InputStream in) {
    try {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
