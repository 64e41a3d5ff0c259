package dev.procdesc.testing;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** A main class of the tests in a separate JVM, which has this one's modules on its class path. */
public final class JavaProgram {
  private JavaProgram() {}

  /**
   * The result of a program.
   *
   * @param code the exit code
   * @param out the standard output and error
   */
  public record Result(int code, String out) {}

  /**
   * Returns all entries of the class path and the module path of this JVM, and the test classes.
   */
  private static String classPath(Class<?> program) {
    Set<String> entries = new LinkedHashSet<>();
    // The test classes are patched into a module: no path of the JVM has them.
    entries.add(root(program));
    for (String property : List.of("jdk.module.path", "java.class.path")) {
      for (String entry : System.getProperty(property, "").split(File.pathSeparator, -1)) {
        if (!entry.isEmpty()) {
          entries.add(entry);
        }
      }
    }
    return String.join(File.pathSeparator, entries);
  }

  private static String root(Class<?> type) {
    String path = type.getName().replace('.', '/') + ".class";
    String name = path.substring(path.lastIndexOf('/') + 1);
    String url = Objects.requireNonNull(type.getResource(name)).toString();
    return Path.of(URI.create(url.substring(0, url.length() - path.length()))).toString();
  }

  /**
   * Returns the command line of a program.
   *
   * @param options options of the JVM
   * @param program the main class
   * @param arguments the arguments of the program
   * @return the command line
   */
  public static List<String> command(List<String> options, Class<?> program, String... arguments) {
    List<String> command = new ArrayList<>(List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-XX:TieredStopAtLevel=1",
        "-XX:+UseSerialGC",
        "-Xshare:auto",
        "-cp",
        classPath(program)));
    command.addAll(options);
    command.add(program.getName());
    command.addAll(List.of(arguments));
    return command;
  }

  /**
   * Runs a program until it exits.
   *
   * @param environment environment variables, in addition to those of this JVM
   * @param options options of the JVM
   * @param program the main class
   * @param arguments the arguments of the program
   * @return its exit code and output
   * @throws IOException if it cannot be started
   * @throws InterruptedException if this thread is interrupted
   */
  public static Result run(
      Map<String, String> environment, List<String> options, Class<?> program, String... arguments)
      throws IOException, InterruptedException {
    ProcessBuilder builder = new ProcessBuilder(command(options, program, arguments));
    // The JVM would report the options of a developer in the output.
    builder.environment().keySet().removeAll(List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS"));
    builder.environment().putAll(environment);
    Process process = builder.redirectErrorStream(true).start();
    try {
      process.getOutputStream().close();
      var out = Await.start(
          () -> new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
      String text = Await.get(out.result());
      assertTrue(process.waitFor(Timeouts.CEILING.toSeconds(), TimeUnit.SECONDS), text);
      return new Result(process.exitValue(), text);
    } finally {
      process.destroyForcibly();
    }
  }
}
