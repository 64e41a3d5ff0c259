package dev.procdesc.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.procdesc.testing.Timeouts;
import java.io.File;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.module.ModuleFinder;
import java.lang.module.ModuleReference;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.spi.ToolProvider;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs a modular application with the library on a real module path: only this detects omissions in
 * the module descriptors.
 */
final class ModulePathTest {
  private static final String DESCRIPTOR = """
      module app {
        requires dev.procdesc;
      }
      """;

  private static final String MAIN = """
      package app;

      import dev.procdesc.ChildProcess;
      import dev.procdesc.Platform;
      import dev.procdesc.Spawner;
      import dev.procdesc.Stdio;

      public class Main {
        public static void main(String[] arguments) throws Exception {
          for (String user : arguments) {
            Spawner spawner =
                Spawner.of("sh", "-c", "echo spawned; exit 5").stdout(Stdio.pipe());
            if (!user.isEmpty()) {
              spawner = spawner.user(user);
            }
            try (ChildProcess child = spawner.spawn()) {
              System.out.print(new String(child.stdout().readAllBytes()));
              System.out.println(child.waitFor());
            }
          }
          System.out.println(Platform.current().name());
          ModuleLayer.boot().modules().stream()
              .map(Module::getName)
              .filter(name -> name.startsWith("dev.procdesc"))
              .sorted()
              .forEach(System.out::println);
        }
      }
      """;

  /** Returns the library's JARs or class directories and their dependencies, without the tests. */
  private static List<Path> modulePath() {
    Set<Path> path = new TreeSet<>();
    String all = System.getProperty("jdk.module.path", "")
        + File.pathSeparator
        + System.getProperty("java.class.path", "");
    for (String entry : all.split(File.pathSeparator, -1)) {
      if (entry.isEmpty() || !Files.exists(Path.of(entry))) {
        continue;
      }
      for (ModuleReference module : ModuleFinder.of(Path.of(entry)).findAll()) {
        String name = module.descriptor().name();
        if (name.startsWith("dev.procdesc")
            || name.startsWith("org.jnrproject")
            || name.startsWith("jnr.")
            || name.startsWith("org.objectweb.asm")) {
          path.add(Path.of(entry));
        }
      }
    }
    return List.copyOf(path);
  }

  private static String join(List<Path> path) {
    return String.join(File.pathSeparator, path.stream().map(Path::toString).toList());
  }

  @TempDir
  @SuppressWarnings("NullAway.Init") // Set by JUnit.
  private Path directory;

  @BeforeEach
  void compile() throws Exception {
    assumeTrue(!modulePath().isEmpty(), "the tests run without modules");
    ToolProvider javac = ToolProvider.findFirst("javac").orElseThrow();
    Path sources = Files.createDirectories(directory.resolve("src").resolve("app"));
    Path descriptor =
        Files.writeString(directory.resolve("src").resolve("module-info.java"), DESCRIPTOR);
    Path main = Files.writeString(sources.resolve("Main.java"), MAIN);
    StringWriter out = new StringWriter();
    int code = javac.run(
        new PrintWriter(out),
        new PrintWriter(out),
        "-p",
        join(modulePath()),
        "-d",
        directory.resolve("app").toString(),
        descriptor.toString(),
        main.toString());
    assertEquals(0, code, out::toString);
  }

  private String run(String... users) throws Exception {
    List<Path> path = new ArrayList<>(modulePath());
    path.add(directory.resolve("app"));
    List<String> command = new ArrayList<>(List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-p",
        join(path),
        "--add-modules",
        "dev.procdesc.linux",
        "--enable-native-access=org.jnrproject.jffi",
        "-m",
        "app/app.Main"));
    command.addAll(List.of(users));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().keySet().removeAll(List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS"));
    Process java = builder.redirectErrorStream(true).start();
    java.getOutputStream().close();
    String out = new String(java.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(java.waitFor(Timeouts.CEILING.toSeconds(), TimeUnit.SECONDS));
    assertEquals(0, java.exitValue(), out);
    return out;
  }

  private static final String SPAWNED = "spawned\nExited[code=5]\n";
  private static final String MODULES =
      "linux\ndev.procdesc\ndev.procdesc.linux\ndev.procdesc.posix\n";

  @Test
  void spawns() throws Exception {
    assertEquals(SPAWNED + MODULES, run(""));
  }

  /** Tests that the lookup of a user needs no module that is absent. */
  @Test
  void looksUsersUp() throws Exception {
    String self = System.getProperty("user.name");
    assumeTrue("root".equals(self), "only root may change to a user, if only to itself: " + self);
    assertEquals(SPAWNED + SPAWNED + MODULES, run("", "root"));
  }
}
