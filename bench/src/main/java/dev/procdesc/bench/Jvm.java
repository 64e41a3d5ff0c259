package dev.procdesc.bench;

import dev.procdesc.Spawner;
import java.io.File;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** JVMs of the same kind and with the same class path as this one. */
final class Jvm {
  private Jvm() {}

  /**
   * Returns the options that every JVM needs: permission to call native code, and the library
   * settings of this JVM.
   */
  static List<String> options() {
    List<String> options = new ArrayList<>();
    options.add("--enable-native-access=ALL-UNNAMED");
    for (String name : System.getProperties().stringPropertyNames()) {
      if (name.startsWith("dev.procdesc.") || name.startsWith("jffi.")) {
        options.add("-D" + name + "=" + System.getProperty(name));
      }
    }
    return options;
  }

  /** Returns the class path of this JVM. */
  static String classPath() {
    return System.getProperty("java.class.path");
  }

  /**
   * Returns a class path on which the classes of another build of this program hide those of this
   * one; that of this JVM if there is none.
   */
  static String classPathBehind(Optional<Path> other) {
    return other.map(jar -> jar + File.pathSeparator + classPath()).orElse(classPath());
  }

  /** Returns a spawner of a JVM that runs a class of this program. */
  static Spawner running(Class<?> main, List<String> options, String... arguments) {
    return running(main, classPath(), options, arguments);
  }

  /** Returns a spawner of a JVM with another class path. */
  static Spawner running(
      Class<?> main, String classPath, List<String> options, String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(System.getProperty("java.home") + File.separator + "bin" + File.separator + "java");
    command.addAll(options());
    command.addAll(options);
    command.add("-cp");
    command.add(classPath);
    command.add(main.getName());
    command.addAll(List.of(arguments));
    return Spawner.of(command);
  }
}
