package dev.procdesc.freebsd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.DescriptorChannel;
import dev.procdesc.ExitStatus;
import dev.procdesc.Feature;
import dev.procdesc.OnClose;
import dev.procdesc.Platform;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.freebsd.kernel.Numbers;
import dev.procdesc.posix.ffi.Architecture;
import dev.procdesc.posix.ffi.Simulation;
import dev.procdesc.testing.Await;
import dev.procdesc.testing.Timeouts;
import dev.procdesc.testing.Tool;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Tests that the simulated FreeBSD behaves as observed on a real one, and that the backend works on
 * it. The conformance suite runs on it by {@code ci/freebsd-sim}; none of this counts as a test on
 * FreeBSD.
 */
final class SimulationTest {
  private static final String OPTIONS = "-std=gnu11 -O2 -Wall -Wextra -pthread";

  @TempDir
  @SuppressWarnings("NullAway.Init") // Set by JUnit.
  private static Path directory;

  @BeforeAll
  static void compile() throws Exception {
    assumeTrue(System.getProperty("os.name", "").equals("Linux"), "Linux, below the simulation");
    assumeTrue(
        Architecture.CURRENT != Architecture.OTHER, "the simulation does not support this machine");
    Cc.require(directory);
    Files.createDirectories(libraries());
    cc("freebsd-sim.c", Simulation.LIBRARY, "-shared", "-fPIC");
    cc("freebsd-sim.c", "freebsd-sim", "-DKERNEL");
  }

  /** Returns the directory of the simulation's library. */
  private static Path libraries() {
    return Objects.requireNonNull(directory.resolve(Simulation.LIBRARY).getParent());
  }

  private static void cc(String source, String output, String... more) throws Exception {
    Path file = Path.of(System.getProperty("basedir", ""), "src", "test", "native", source);
    assumeTrue(Files.exists(file), "no sources here");
    List<String> command = new ArrayList<>(List.of("cc"));
    command.addAll(List.of(OPTIONS.split(" ", -1)));
    command.addAll(List.of("-o", directory.resolve(output).toString(), file.toString()));
    command.addAll(List.of(more));
    Tool.Result result = Tool.execute(command).orElseThrow();
    assertEquals(0, result.status(), result.output());
    assertEquals("", result.output(), "warnings");
  }

  private static Map<String, Set<String>> observed(String file) throws IOException {
    Map<String, Set<String>> sections = new HashMap<>();
    Set<String> lines = new LinkedHashSet<>();
    for (String line : Observed.lines(file)) {
      if (line.startsWith("== ")) {
        lines = sections.computeIfAbsent(line, section -> new LinkedHashSet<>());
      } else {
        lines.add(line.stripTrailing());
      }
    }
    return sections;
  }

  /** Tests that each line of the replay is in the same section of the observations. */
  @ParameterizedTest
  @CsvSource({"14.0, 200", "15.1, 262"})
  void itBehavesAsWasObserved(String release, int least) throws Exception {
    String libraries = libraries().toString();
    cc("simreplay.c", "simreplay", "-L" + libraries, "-lfreebsd-sim", "-Wl,-rpath," + libraries);
    String replay = Tool.run(List.of(
            "/bin/sh",
            "-c",
            "FREEBSD_SIM_RELEASE=$2 exec \"$0\" \"$1\" </dev/null",
            directory.resolve("freebsd-sim").toString(),
            directory.resolve("simreplay").toString(),
            release))
        .orElse("failed");
    String file = "behaviour-" + release + "-amd64.txt";
    Map<String, Set<String>> observed = observed(file);
    Set<String> seen = Set.of();
    String section = "";
    List<String> wrong = new ArrayList<>();
    int lines = 0;
    for (String line : replay.lines().toList()) {
      if (line.startsWith("== ")) {
        section = line;
        seen = observed.getOrDefault(line, Set.of());
        continue;
      }
      lines++;
      String known = line.replaceFirst("\\.\\.\\.$", "").stripTrailing();
      boolean found = line.endsWith("...")
          ? seen.stream().anyMatch(other -> other.startsWith(known))
          : seen.contains(known);
      if (!found) {
        wrong.add(section + ": " + line);
      }
    }
    assertEquals(List.of(), wrong, "not observed on FreeBSD " + release);
    assertEquals("== end", section, replay);
    assertTrue(lines >= least, lines + " lines");
    // The order matters for the operations that each right permits: all of them are replayed.
    String capabilities = "== cap_rights_limit on a procdesc";
    assertEquals(
        section(Observed.lines(file), capabilities),
        section(replay.lines().toList(), capabilities));
  }

  /** Partly observed on 15.1, partly from its sources; a dot is the end of a record. */
  private static final List<String> RECORDS = List.of(
      "without MSG_EOR: 3 EAGAIN",
      "with MSG_EOR: 1. 2. EAGAIN",
      "parts of a record: 10. 1. EAGAIN",
      "into less room: 4+2 4 2. 1. EAGAIN",
      "into exactly enough room: 4. EAGAIN",
      "nothing is sent: 0",
      "nothing: EAGAIN",
      "descriptors only: 0",
      "descriptors only: 0+3 EAGAIN",
      "descriptors that run together: 1+7. EAGAIN",
      "descriptors behind data: 2+1 2+1. EAGAIN",
      "without numbers: EMFILE 7. 1.",
      "more descriptors than room: 1",
      "a long one is cut: 7168, and then -35",
      "room for a byte: 0",
      "received as it was cut: 1",
      "room for a byte: 1",
      "the rest is cut: 8192",
      "records of 1000 until full: 65, then 536, then -35",
      "60000 into 3000 bytes of room: 3000",
      "received: 3536",
      "only descriptors fit: -35, 0+62",
      "the start of a record is received: 0, 1, 1",
      "records of a byte until the memory is full: 256, and space for a byte: 0",
      "space for a byte: 1, for two records: 0",
      "the end: 1. 1 0",
      "to nobody: 1",
      "room, or nobody to receive: 1",
      "packets of others: 2. 1. EAGAIN",
      "end");

  @ParameterizedTest
  @ValueSource(strings = {"15.1", "16.0"})
  void recordsEndWithMsgEor(String release) throws Exception {
    assertEquals(RECORDS, output("simrecords", release));
  }

  /** Events of one kqueue with three filters, on every release. */
  private static final List<String> FILTERS = List.of(
      "at first: no event",
      "stopped: filter -6 flags 0x20 data 0x1",
      "wait6: 1 0x117f",
      "again: no event",
      "continued: filter -6 flags 0x20 data 0x1",
      "wait6: 1 0x13",
      "triggered: filter -11 flags 0x20 data 0x0",
      "again: no event",
      "killed: filter -8 flags 0x8030 data 0x9",
      "again: no event",
      "wait6: 1 0x9",
      "one-shot: filter -11 flags 0x10 data 0x0",
      "again: no event",
      "without EV_CLEAR: filter -11 flags 0x0 data 0x0",
      "again: filter -11 flags 0x0 data 0x0",
      "the close of a kqueue leaves descriptors open: 0");

  /** Threads that are blocked in pdwait; the first line depends on the release. */
  private static final List<String> BLOCKED_IN_PDWAIT = List.of(
      "closed while a thread is blocked in pdwait: alive 1, returned 0",
      "then the child exits: 0 0x300",
      "replaced while a thread is blocked in pdwait: alive 1",
      "then a signal ends the call: -4 0x0",
      "then the child is killed");

  private static final List<String> BLOCKED_IN_WAIT6 = List.of(
      "blocked in wait6, then stopped: 0 0x117f",
      "closed while a thread is blocked in wait6: gone, returned 0",
      "another child stops: -10 0x0",
      "end");

  /** Tests which events are reported to which waits, and what a blocked thread holds. */
  @ParameterizedTest
  @CsvSource({"14.0, ''", "15.1, 0x9", "16.0, 0x117f"})
  void waitsAreWokenAsObserved(String release, String pdwait) throws Exception {
    List<String> expected = new ArrayList<>(FILTERS);
    if (!pdwait.isEmpty()) {
      expected.add("blocked in pdwait, stopped, then killed: 0 " + pdwait);
      expected.addAll(BLOCKED_IN_PDWAIT);
    }
    expected.addAll(BLOCKED_IN_WAIT6);
    assertEquals(expected, output("simwaits", release));
  }

  private static String shell(String script) throws Exception {
    List<String> command =
        List.of(directory.resolve("freebsd-sim").toString(), "/bin/sh", "-c", script);
    Tool.Result result = Tool.execute(command).orElseThrow();
    assertEquals(0, result.status(), result.output());
    return result.output().strip();
  }

  private static void requireNames() throws Exception {
    String filtered = shell("grep -s Seccomp: /proc/self/status || true");
    assumeTrue(filtered.endsWith("2"), "a filter of names needs CAP_SYS_ADMIN");
  }

  @Test
  void dupsOfTheDescriptorFileSystemShareTheOffset() throws Exception {
    requireNames();
    Path file = Files.writeString(directory.resolve("lines"), "one\ntwo\n");
    String script = "exec 7<" + file + "; read a </dev/fd/7; read b </dev/fd/7; echo $a $b";
    assertEquals("one two", shell(script));
    assertEquals("none", shell("(: </dev/fd/9) 2>/dev/null || echo none"));
  }

  /** Compiles a C program, runs it on the simulation, and returns its lines. */
  private static List<String> output(String program, String release) throws Exception {
    String libraries = libraries().toString();
    cc(program + ".c", program, "-L" + libraries, "-lfreebsd-sim", "-Wl,-rpath," + libraries);
    List<String> command = List.of(
        "/usr/bin/env",
        "FREEBSD_SIM_RELEASE=" + release,
        directory.resolve("freebsd-sim").toString(),
        directory.resolve(program).toString());
    Tool.Result result = Tool.execute(command).orElseThrow();
    assertEquals(0, result.status(), result.output());
    return result.output().lines().toList();
  }

  private static List<String> section(List<String> lines, String name) {
    return lines.stream()
        .dropWhile(line -> !line.equals(name))
        .skip(1)
        .takeWhile(line -> !line.startsWith("== "))
        .filter(line -> !line.isBlank())
        .toList();
  }

  /** Spawns children, in a separate JVM. */
  public static final class Program {
    private Program() {}

    /** The program. */
    public static void main(String[] arguments) throws Exception {
      System.out.println(Platform.current().system());
      System.out.println(Platform.current().report(Feature.PROCESS_DESCRIPTORS).how());
      Spawner sh = Spawner.of("/bin/sh", "-c", "read line; echo \"got $line\"; exit 7");
      for (OnClose onClose : List.of(OnClose.KILL, OnClose.RELEASE)) {
        try (ChildProcess child = sh.stdin(Stdio.pipe())
            .stdout(Stdio.pipe())
            .onClose(onClose)
            .collectUsage(true)
            .spawn()) {
          child.stdin().write("this\n".getBytes(StandardCharsets.UTF_8));
          child.stdin().close();
          System.out.print(new String(child.stdout().readAllBytes(), StandardCharsets.UTF_8));
          ExitStatus status = child.waitFor();
          System.out.println(status + ", usage " + child.resourceUsage().isPresent());
        }
      }
      try {
        Spawner.of("/nonexistent/program").spawn().close();
      } catch (IOException e) {
        System.out.println(e.getMessage());
      }
      int before = open();
      for (int i = 0; i < 10; i++) {
        try {
          Spawner.of("/nonexistent/program").spawn().close();
        } catch (IOException e) {
          // As above; the test checks which descriptors remain open.
        }
      }
      System.out.println("left open: " + leftOpen(before));
    }

    /**
     * Repeats the count until none is left, because other threads of the JVM open files briefly.
     * The count before may include such a file, and so be higher; ten spawns would leave more.
     */
    private static int leftOpen(int before) {
      long start = System.nanoTime();
      int left = open() - before;
      while (left > 0 && System.nanoTime() - start < Timeouts.CEILING.toNanos()) {
        Thread.onSpinWait();
        left = open() - before;
      }
      return Math.max(0, left);
    }

    private static int open() {
      return Objects.requireNonNull(new File("/proc/self/fd").list()).length;
    }
  }

  /** Sends messages to a receiver that reads slowly, in a separate JVM. */
  public static final class Records {
    private static final int BUFFER = 256 * 1024;

    private Records() {}

    /** The program. */
    public static void main(String[] arguments) throws Exception {
      try (DescriptorChannel.Pair pair = DescriptorChannel.pair();
          ChildProcess child = Spawner.of("/bin/cat").stdin(Stdio.pipe()).spawn()) {
        DescriptorChannel out = pair.first();
        int whole = 0;
        while (out.send(Duration.ZERO, new byte[1000])) {
          whole++;
        }
        int room = BUFFER - whole * 1000;
        print("full", whole, room, out.send(Duration.ofMillis(1), new byte[room + 1]));
        print("exactly", out.send(Duration.ZERO, new byte[room]));
        for (int i = 0; i < 3; i++) {
          receive(pair.second());
        }
        // A descriptor has a header of 16 bytes and a pointer.
        print("with descriptor", out.send(Duration.ZERO, ones(2977), child));
        print("exactly", out.send(Duration.ZERO, ones(2976), child));
        Await.Running<Boolean> sender = Await.start(
            () -> out.send(Timeouts.CEILING, ones(DescriptorChannel.MAX_PAYLOAD), child));
        Await.inside(sender.thread(), "poll");
        for (int i = 3; i < whole; i++) {
          receive(pair.second());
        }
        print(
            "received",
            receive(pair.second()),
            receive(pair.second()),
            receive(pair.second()),
            Await.get(sender.result()));
      }
    }

    private static byte[] ones(int length) {
      byte[] payload = new byte[length];
      Arrays.fill(payload, (byte) 1);
      return payload;
    }

    private static String receive(DescriptorChannel channel) throws Exception {
      try (DescriptorChannel.Message message = channel.receive(Timeouts.CEILING).orElseThrow()) {
        return message.payload().length + "+" + message.descriptors().size();
      }
    }

    private static void print(Object... parts) {
      System.out.println(
          Arrays.stream(parts).map(String::valueOf).collect(Collectors.joining(" ")));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"15.1", "16.0"})
  void aMessageIsSentWhenThereIsRoomForAll(String release) throws Exception {
    Tool.Result result = Tool.execute(jvm(release, "", "", Records.class)).orElseThrow();
    assertEquals(0, result.status(), result.output());
    assertEquals(
        List.of(
            "full 262 144 false",
            "exactly true",
            "with descriptor false",
            "exactly true",
            "received 144+0 2976+1 32768+1 true"),
        result.output().lines().toList());
  }

  private static String root(Class<?> type) {
    String name = type.getName().replace('.', '/') + ".class";
    String url = Objects.requireNonNull(type.getClassLoader().getResource(name)).toString();
    return Path.of(URI.create(url.substring(0, url.length() - name.length()))).toString();
  }

  private static String classPath() {
    Set<String> entries = new LinkedHashSet<>();
    entries.add(directory.toString());
    entries.add(root(SimulationTest.class));
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

  /** Returns the command of a program with the backend, on the simulation. */
  private static List<String> jvm(
      String release, String disabled, String failure, Class<?> program) {
    List<String> command =
        new ArrayList<>(List.of("/usr/bin/env", "FREEBSD_SIM_RELEASE=" + release));
    if (!failure.isEmpty()) {
      command.add("FREEBSD_SIM_SPAWN=" + failure);
    }
    command.addAll(List.of(
        directory.resolve("freebsd-sim").toString(),
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "--enable-native-access=ALL-UNNAMED",
        "-XX:+UseSerialGC",
        "-Ddev.procdesc.disable=" + disabled,
        "-Ddev.procdesc.backend=freebsd",
        "-cp",
        classPath(),
        program.getName()));
    return command;
  }

  /**
   * Tests each release and each fallback mechanism. The documentation does not say what the C
   * library does after a failure.
   */
  @ParameterizedTest
  @CsvSource({
    "14.0, pdfork, none, ''",
    "15.1, pdrfork, none, ''",
    "16.0, pdrfork, none, ''",
    "15.1, pdfork, pdrfork, ''",
    "15.1, posix_spawn, 'pdrfork,pdfork', ''",
    "15.1, posix_spawn, stub, ''",
    "15.1, posix_spawn, stub, leaves",
    "16.0, posix_spawn, stub, closes",
  })
  void theBackendWorksOnIt(String release, String mechanism, String disabled, String failure)
      throws Exception {
    List<String> command = jvm(release, disabled, failure, Program.class);
    Tool.Result result = Tool.execute(command).orElseThrow();
    assertEquals(0, result.status(), result.output());
    List<String> lines = result.output().lines().toList();
    assertTrue(
        lines.get(0).startsWith("FreeBSD " + release + "-SIMULATED")
            && lines.get(0).endsWith("(simulated)"),
        result.output());
    assertEquals("spawning by " + mechanism, lines.get(1));
    assertEquals(
        List.of("got this", "Exited[code=7], usage true", "got this", "Exited[code=7], usage true"),
        lines.subList(2, 6),
        result.output());
    assertTrue(lines.get(6).contains("ENOENT"), result.output());
    assertEquals(List.of("left open: 0"), lines.subList(7, lines.size()));
  }
}
