package dev.procdesc.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests that the examples compile, run, and print the documented output. */
class ReadmeTest {
  private static final String SORTED = "1\n2\n3\nExited[code=0]\n";
  private static final String ENDED =
      "Exited[code=3]\nSignaled[signal=SIGTERM, coreDumped=false]\n";

  @Test
  void examplesRun(@TempDir Path directory) throws Exception {
    assertEquals(SORTED, Programs.output(example("Sort", directory)));
    assertEquals("1\n2\n3\n", Programs.output(example("RunSort", directory)));
    assertEquals("1\n2\n", Programs.output(example("PipeSort", directory)));
    assertEquals(ENDED, Programs.output(example("Servers", directory)));
  }

  @Test
  void exampleBesideJnrPosixRuns() throws Exception {
    Path source = Path.of("..", "examples", "BesideJnrPosix.java");
    Matcher comment =
        Pattern.compile("(?s)It prints:\n(.*?)\\*/").matcher(Files.readString(source));
    assertTrue(comment.find(), "the example documents its output");
    assertEquals(
        comment.group(1).replaceAll("(?m)^ \\*? *", "").strip(),
        Programs.output(source).strip());
  }

  @Test
  void commandsOfTheQuickFirstSpawnWork(@TempDir Path directory) throws Exception {
    Path source = example("Sort", directory);
    Programs.output(new ProcessBuilder(
        Programs.OF_JDK.resolve("javac").toString(),
        "-d",
        directory.toString(),
        "-cp",
        Programs.classPath(),
        source.toString()));
    archive(directory.resolve("Sort.class"), directory.resolve("app.jar"));
    String option = Runtime.version().feature() < 25 ? "ArchiveClassesAtExit" : "AOTCacheOutput";
    Matcher block = Pattern.compile(
            "```sh\n((?:(?!```)[^\n]*\n)*[^\n]*-XX:" + option + "(?s:.*?))```")
        .matcher(readme());
    assertTrue(block.find(), "the README has commands with " + option);
    ProcessBuilder shell =
        new ProcessBuilder("/bin/sh", "-e", "-c", block.group(1)).directory(directory.toFile());
    shell.environment().merge("PATH", Programs.OF_JDK.toString(), (path, bin) -> bin + ":" + path);
    shell.environment().put("JAVA_TOOL_OPTIONS", "-Xlog:class+load:file=load.log");
    String output = Programs.output(shell);
    String sorted = Pattern.quote(SORTED);
    // The JVM that writes an AOT cache reports that between the two.
    assertTrue(output.matches("(?s)" + sorted + ".*" + sorted), output);
    List<String> loaded = Files.readAllLines(directory.resolve("load.log"));
    assertTrue(
        loaded.stream()
            .anyMatch(line -> line.matches(".*dev[.]procdesc[.]Spawner source: shared objects.*")),
        "the second run has the library's classes from the archive");
  }

  /** Writes a JAR of a class and everything that the library consists of. */
  private static void archive(Path program, Path jar) throws IOException {
    Set<String> names = new HashSet<>();
    try (ZipOutputStream to = new ZipOutputStream(Files.newOutputStream(jar))) {
      to.putNextEntry(new ZipEntry(program.getFileName().toString()));
      Files.copy(program, to);
      for (String element : Programs.classPath().split(File.pathSeparator, -1)) {
        Path path = Path.of(element);
        if (!element.isEmpty() && Files.isDirectory(path)) {
          try (Stream<Path> files = Files.walk(path)) {
            for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
              if (names.add(path.relativize(file).toString())) {
                to.putNextEntry(new ZipEntry(path.relativize(file).toString()));
                Files.copy(file, to);
              }
            }
          }
        } else if (element.matches(".*/(procdesc|jffi|jnr-constants)-[^/]*[.]jar")) {
          try (ZipFile from = new ZipFile(element)) {
            for (ZipEntry entry : Collections.list(from.entries())) {
              if (!entry.isDirectory() && names.add(entry.getName())) {
                to.putNextEntry(new ZipEntry(entry.getName()));
                from.getInputStream(entry).transferTo(to);
              }
            }
          }
        }
      }
    }
  }

  private static String readme() throws IOException {
    return Files.readString(Path.of("..", "README.md"));
  }

  /** Writes an example of the README to a file. */
  private static Path example(String name, Path directory) throws IOException {
    Matcher block = Pattern.compile("(?s)```java\n((?:(?!```).)*public class " + name + " .*?)```")
        .matcher(readme());
    assertTrue(block.find(), "the README has an example " + name);
    return Files.writeString(directory.resolve(name + ".java"), block.group(1));
  }
}
