package dev.procdesc.compat.support;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import dev.procdesc.compat.JavaChild;
import dev.procdesc.compat.Skips;
import dev.procdesc.testing.Timeouts;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A JVM for a {@link Scenario}, with the Java, class path and settings of this one. It is started
 * with {@code ProcessBuilder}, because the code under test must not start the test.
 */
public final class ChildJvm {
  private final List<String> wrapper = new ArrayList<>();
  private final List<String> flags = new ArrayList<>();
  private final List<String> words = new ArrayList<>();
  private final Map<String, String> environment = new TreeMap<>();
  private boolean nativeAccess = true;
  private boolean changesUser;

  private ChildJvm() {}

  /** Returns the command of a JVM that runs a scenario. */
  public static ChildJvm of(Class<? extends Scenario> scenario, String... arguments) {
    ChildJvm jvm = main(JavaChild.class, scenario.getName());
    jvm.words.addAll(List.of(arguments));
    return jvm;
  }

  /** Returns the command of a JVM that runs a main class. */
  public static ChildJvm main(Class<?> main, String... arguments) {
    ChildJvm jvm = new ChildJvm();
    // Quick to start and small, because these JVMs are short-lived and run beside others.
    jvm.flags.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx256m"));
    System.getProperties().stringPropertyNames().forEach(name -> {
      if (name.startsWith("dev.procdesc.") || name.startsWith("procdesc.timeout")) {
        jvm.property(name, System.getProperty(name));
      }
    });
    jvm.property("java.io.tmpdir", System.getProperty("java.io.tmpdir"));
    jvm.words.add(main.getName());
    jvm.words.addAll(List.of(arguments));
    return jvm;
  }

  /** Adds a flag of the JVM. */
  public ChildJvm flag(String flag) {
    flags.add(flag);
    return this;
  }

  /** Sets a system property, and replaces an earlier value. */
  public ChildJvm property(String name, String value) {
    return flag("-D" + name + "=" + value);
  }

  /** Sets an environment variable. */
  public ChildJvm environment(String name, String value) {
    environment.put(name, value);
    return this;
  }

  /** Withholds the permission for native access. */
  public ChildJvm withoutNativeAccess() {
    nativeAccess = false;
    return this;
  }

  /** Makes the class path one that every user can read, for a JVM that becomes another user. */
  public ChildJvm changingUser() {
    changesUser = true;
    return this;
  }

  /** Lets a shell script start the JVM, by {@code exec "$@"}. */
  public ChildJvm startedBy(String script) {
    wrapper.addAll(List.of("/bin/sh", "-c", script, "sh"));
    return this;
  }

  /** Returns the command line. */
  public List<String> command() {
    List<String> command = new ArrayList<>(wrapper);
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(flags);
    // Older JDKs need no permission, and some builds of them reject the option.
    if (nativeAccess && Runtime.version().feature() >= 24) {
      command.add("--enable-native-access=ALL-UNNAMED");
    }
    command.add("-cp");
    command.add(changesUser ? PublicClassPath.get() : classPath());
    command.addAll(words);
    return command;
  }

  private static String classPath() {
    // Absolute, because a scenario may have another working directory.
    return Stream.of(System.getProperty("java.class.path").split(File.pathSeparator, -1))
        .map(entry -> Path.of(entry).toAbsolutePath().toString())
        .collect(Collectors.joining(File.pathSeparator));
  }

  private ProcessBuilder builder() {
    ProcessBuilder builder = new ProcessBuilder(command()).redirectErrorStream(true);
    builder.environment().putAll(environment);
    return builder;
  }

  /** Starts it; the caller communicates with it and ends it. */
  public Process start() {
    try {
      return builder().start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Runs it until it exits: the test passes, fails or is skipped as the scenario.
   *
   * @return its output
   */
  public String run() {
    Result result = result();
    result.output().lines().forEach(Skips::replay);
    assertEquals(
        0, result.code(), () -> "exit code; the output of the child JVM:\n" + result.output());
    return result.output();
  }

  /**
   * The result of a JVM.
   *
   * @param code the exit code
   * @param output the standard output and error
   */
  public record Result(int code, String output) {}

  /** Runs it until it exits, and returns any result. */
  public Result result() {
    return result(Timeouts.CEILING.multipliedBy(4));
  }

  /** Runs it until it exits, which must be within a time, and returns any result. */
  public Result result(Duration ceiling) {
    Process process = start();
    try {
      process.getOutputStream().close();
      String output = CompletableFuture.supplyAsync(() -> text(process.getInputStream()))
          .get(ceiling.toMillis(), TimeUnit.MILLISECONDS);
      return new Result(process.waitFor(), output);
    } catch (TimeoutException e) {
      return fail("the child JVM did not exit within " + ceiling + ": " + command(), e);
    } catch (IOException | InterruptedException | ExecutionException e) {
      return fail(e);
    } finally {
      process.destroyForcibly();
    }
  }

  private static String text(InputStream in) {
    try (in) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns its settings of the library, and its arguments. */
  @Override
  public String toString() {
    return String.join(
            " ",
            flags.stream().filter(flag -> flag.startsWith("-Ddev.procdesc.")).toList())
        + " "
        + String.join(" ", words.subList(1, words.size()));
  }
}
