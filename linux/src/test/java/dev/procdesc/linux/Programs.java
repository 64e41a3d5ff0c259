package dev.procdesc.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** The programs of documents, which run on the class path, as their readers run them. */
final class Programs {
  /** The directory of the JDK's own programs. */
  static final Path OF_JDK = Path.of(System.getProperty("java.home"), "bin");

  private Programs() {}

  /** Returns the class path of a program that uses the library. */
  static String classPath() {
    // The tests run on the module path, but a reader runs the example on the class path.
    return System.getProperty("jdk.module.path", "")
        + File.pathSeparator
        + System.getProperty("java.class.path", "");
  }

  /** Returns the output of a program that is run from its source. */
  static String output(Path source) throws Exception {
    return output(new ProcessBuilder(
        OF_JDK.resolve("java").toString(), "-cp", classPath(), source.toString()));
  }

  /** Returns the output of a program, which must end with status 0. */
  static String output(ProcessBuilder program) throws Exception {
    Process process = program.redirectError(ProcessBuilder.Redirect.INHERIT).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor());
    return output;
  }
}
