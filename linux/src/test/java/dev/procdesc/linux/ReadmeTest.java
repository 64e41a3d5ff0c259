package dev.procdesc.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests that the examples compile, run, and print the documented output. */
class ReadmeTest {
  @Test
  void exampleRuns(@TempDir Path directory) throws Exception {
    String readme = Files.readString(Path.of("..", "README.md"));
    Matcher block = Pattern.compile("(?s)```java\n(.*?)```").matcher(readme);
    assertTrue(block.find(), "the README has a Java example");
    Path source = Files.writeString(directory.resolve("Sort.java"), block.group(1));
    assertEquals("1\n2\n3\nExited[code=0]\n", output(source));
  }

  @Test
  void exampleBesideJnrPosixRuns() throws Exception {
    Path source = Path.of("..", "examples", "BesideJnrPosix.java");
    Matcher comment =
        Pattern.compile("(?s)It prints:\n(.*?)\\*/").matcher(Files.readString(source));
    assertTrue(comment.find(), "the example documents its output");
    assertEquals(
        comment.group(1).replaceAll("(?m)^ \\*? *", "").strip(), output(source).strip());
  }

  /** Returns the output of a program that is run from its source. */
  private static String output(Path source) throws Exception {
    // The tests run on the module path, but a reader runs the example on the class path.
    String classPath = System.getProperty("jdk.module.path", "")
        + File.pathSeparator
        + System.getProperty("java.class.path", "");
    Process process = new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            classPath,
            source.toString())
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor());
    return output;
  }
}
