package dev.procdesc.posix;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.io.TestSystem;
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

/** A program of the tests that runs in a separate JVM, on the class path. */
public final class ChildJvm {
  private ChildJvm() {}

  /**
   * The result of a program.
   *
   * @param code the exit code
   * @param out the standard output and error
   */
  public record Result(int code, String out) {}

  /** The class path and module path of this JVM, and the tests themselves. */
  static String classPath() {
    Set<String> entries = new LinkedHashSet<>();
    entries.add(root(ChildJvm.class));
    entries.add(root(LibC.class));
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
    String name = type.getSimpleName() + ".class";
    String url = Objects.requireNonNull(type.getResource(name)).toString();
    String path = type.getName().replace('.', '/') + ".class";
    return Path.of(URI.create(url.substring(0, url.length() - path.length()))).toString();
  }

  /** Returns the command line, which begins with the options of the JVM. */
  public static List<String> command(List<String> options, Class<?> program, String... arguments) {
    List<String> command = new ArrayList<>(List.of(
        TestSystem.java().toString(),
        "-XX:TieredStopAtLevel=1",
        "-XX:+UseSerialGC",
        "-Xshare:auto",
        "-cp",
        classPath()));
    command.addAll(options);
    command.add(program.getName());
    command.addAll(List.of(arguments));
    return command;
  }

  /** Runs the program until it exits. */
  public static Result run(
      Map<String, String> environment, List<String> options, Class<?> program, String... arguments)
      throws IOException, InterruptedException {
    ProcessBuilder builder = new ProcessBuilder(command(options, program, arguments));
    // These variables of a developer's environment would add lines to the output.
    builder.environment().keySet().removeAll(List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS"));
    builder.environment().putAll(environment);
    Process process = builder.redirectErrorStream(true).start();
    try {
      process.getOutputStream().close();
      var out = Await.start(
          () -> new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
      String text = Await.get(out.result());
      assertTrue(process.waitFor(Await.CEILING_SECONDS, TimeUnit.SECONDS), text);
      return new Result(process.exitValue(), text);
    } finally {
      process.destroyForcibly();
    }
  }
}
