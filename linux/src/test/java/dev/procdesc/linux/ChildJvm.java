package dev.procdesc.linux;

import dev.procdesc.linux.kernel.Numbers;
import java.io.File;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/** A program of the tests that runs in a separate JVM, on the class path. */
final class ChildJvm {
  private ChildJvm() {}

  /** The class path and module path of this JVM, and the tests themselves. */
  static String classPath() {
    Set<String> entries = new LinkedHashSet<>();
    entries.add(root(ChildJvm.class));
    entries.add(root(Numbers.class));
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
  static List<String> command(List<String> options, Class<?> program, String... arguments) {
    List<String> command = new ArrayList<>(List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "--enable-native-access=ALL-UNNAMED",
        "-XX:+UseSerialGC",
        "-Xshare:auto",
        "-cp",
        classPath()));
    command.addAll(options);
    command.add(program.getName());
    command.addAll(List.of(arguments));
    return command;
  }
}
