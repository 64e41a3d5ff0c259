package dev.procdesc.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.procdesc.testing.Await;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests that the programs of docs/SUPERVISING.md restart without losing their children. */
class SupervisingTest {
  private static final Path MANAGER =
      Path.of("..", "compat-tests/src/main/resources/dev/procdesc/compat/support/manager.py");
  private static final String PYTHON = "/usr/bin/python3";
  private static final Pattern WORKER = Pattern.compile("(started|took over) (\\w+) (\\d+)");

  @TempDir
  Path directory;

  private final List<Process> started = new ArrayList<>();

  @AfterEach
  void end() {
    started.forEach(Process::destroyForcibly);
  }

  private Process start(ProcessBuilder program) throws IOException {
    Process process = program.redirectError(ProcessBuilder.Redirect.INHERIT).start();
    started.add(process);
    return process;
  }

  /** Writes a program of the page to a file, and returns the words that run it. */
  private List<String> program(String name) throws IOException {
    String page = Files.readString(Path.of("..", "docs", "SUPERVISING.md"));
    Matcher block = Pattern.compile("(?s)```java\n((?:(?!```).)*public class " + name + " .*?)```")
        .matcher(page);
    assertTrue(block.find(), "the page has a program " + name);
    Path source = Files.writeString(directory.resolve(name + ".java"), block.group(1));
    return List.of(
        Programs.OF_JDK.resolve("java").toString(),
        "-cp",
        Stream.of(Programs.classPath().split(":", -1))
            .filter(element -> !element.isEmpty())
            .map(element -> Path.of(element).toAbsolutePath().toString())
            .reduce((one, other) -> one + ":" + other)
            .orElseThrow(),
        source.toString());
  }

  /** Returns the workers that lines report, in their order, and checks how each came. */
  private static List<ProcessHandle> workers(String how, List<String> lines) {
    List<ProcessHandle> workers = new ArrayList<>();
    for (String line : lines) {
      Matcher worker = WORKER.matcher(line);
      if (worker.matches()) {
        assertEquals(how, worker.group(1), lines.toString());
        workers.add(ProcessHandle.of(Long.parseLong(worker.group(3))).orElseThrow());
      }
    }
    assertEquals(2, workers.size(), lines.toString());
    return workers;
  }

  private static void assertAllAlive(List<ProcessHandle> workers) {
    assertTrue(workers.stream().allMatch(ProcessHandle::isAlive), workers.toString());
  }

  private static void awaitAllDead(List<ProcessHandle> workers) {
    Await.until("the workers are dead", () -> workers.stream().noneMatch(ProcessHandle::isAlive));
  }

  private static List<String> linesUntilReady(BufferedReader from) throws IOException {
    List<String> lines = new ArrayList<>();
    for (String line = from.readLine(); line != null; line = from.readLine()) {
      lines.add(line);
      if (line.equals("ready")) {
        return lines;
      }
    }
    throw new AssertionError("the program has ended: " + lines);
  }

  @Test
  void theStoreKeepsTheWorkersOfAKilledSupervisor() throws Exception {
    assumeTrue(Files.exists(Path.of(PYTHON)), "Python");
    Path output = directory.resolve("output");
    List<String> program = program("StoredWorkers");
    Process manager = new ProcessBuilder(
            PYTHON,
            MANAGER.toAbsolutePath().toString(),
            directory.resolve("notify").toString(),
            "64")
        .redirectError(ProcessBuilder.Redirect.appendTo(output.toFile()))
        .start();
    started.add(manager);
    List<ProcessHandle> first = List.of();
    try (BufferedReader answers = manager.inputReader()) {
      try (BufferedWriter orders = manager.outputWriter()) {
        for (String how : List.of("started", "took over")) {
          Files.writeString(output, "");
          ask(orders, answers, "start " + String.join("\t", program));
          Await.until("the supervisor is ready", () -> read(output).contains("ready\n"));
          List<ProcessHandle> workers = workers(how, Files.readAllLines(output));
          assertTrue(first.isEmpty() || first.equals(workers), workers.toString());
          first = workers;
          assertEquals("-9", ask(orders, answers, "kill"));
          assertAllAlive(first);
        }
      }
      assertEquals(0, manager.waitFor()); // The end of the service.
      awaitAllDead(first);
    }
  }

  private static String ask(BufferedWriter orders, BufferedReader answers, String order)
      throws IOException {
    orders.write(order + "\n");
    orders.flush();
    return answers.readLine();
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aSuccessorTakesTheWorkers() throws Exception {
    List<String> words = new ArrayList<>(program("HandedWorkers"));
    words.add(directory.resolve("socket").toString());
    Process predecessor = start(new ProcessBuilder(words));
    try (BufferedReader its = predecessor.inputReader()) {
      List<ProcessHandle> workers = workers("started", linesUntilReady(its));
      Process successor = start(new ProcessBuilder(words));
      try (BufferedReader other = successor.inputReader()) {
        assertEquals(workers, workers("took over", linesUntilReady(other)));
        assertEquals("handed over", its.readLine());
        assertEquals(0, predecessor.waitFor());
        assertAllAlive(workers);
        successor.destroyForcibly().waitFor();
        awaitAllDead(workers);
      }
      // The killed one has left its socket.
      Process next = start(new ProcessBuilder(words));
      try (BufferedReader last = next.inputReader()) {
        List<String> lines = linesUntilReady(last);
        assertTrue(lines.get(0).startsWith("the predecessor was killed"), lines.toString());
        List<ProcessHandle> fresh = workers("started", lines);
        next.destroyForcibly().waitFor();
        awaitAllDead(fresh);
      }
    }
  }
}
