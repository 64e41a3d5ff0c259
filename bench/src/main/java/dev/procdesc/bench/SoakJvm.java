package dev.procdesc.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.procdesc.ChildProcess;
import dev.procdesc.OnClose;
import dev.procdesc.Platform;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.file.AccessDeniedException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * A JVM that spawns many children, one after the other. Each line of its standard input is the
 * number of spawns of a stage. After each stage it prints the median time of the spawns, and all
 * that the JVM and its guardian hold.
 */
final class SoakJvm {
  static final String TIME = "time";
  static final String DESCRIPTORS = "descriptors";
  static final String THREADS = "threads";
  static final String ZOMBIES = "zombies";
  static final String HEAP = "heap";
  static final String RESIDENT = "resident";
  static final String GUARDIAN_DESCRIPTORS = "guardian.descriptors";
  static final String GUARDIAN_RESIDENT = "guardian.resident";

  private static final Spawner PLAIN = Spawner.of(Spawns.PROGRAM).onClose(OnClose.KILL);
  private static final Spawner PIPED =
      PLAIN.stdin(Stdio.pipe()).stdout(Stdio.pipe()).stderr(Stdio.pipe());

  /** The number of children of which one has pipes. */
  private static final int PIPED_SHARE = 10;

  private SoakJvm() {}

  /**
   * Runs the JVM.
   *
   * @param args ignored
   * @throws Exception if a spawn fails
   */
  public static void main(String[] args) throws Exception {
    PrintStream out = new PrintStream(System.out, true, UTF_8);
    BufferedReader stages = new BufferedReader(new InputStreamReader(System.in, UTF_8));
    // Measure once first: it loads classes, for which the JVM may open a JAR.
    spawn(PIPED_SHARE);
    held();
    for (String line = stages.readLine(); line != null; line = stages.readLine()) {
      long time = spawn(Integer.parseInt(line));
      Map<String, Long> numbers = held();
      numbers.put(TIME, time);
      out.println(numbers.entrySet().stream()
          .map(number -> number.getKey() + "=" + number.getValue())
          .collect(Collectors.joining(" ")));
    }
  }

  /** Returns the median time of the given number of spawns, in nanoseconds. */
  private static long spawn(int count) throws IOException, InterruptedException {
    Samples times = new Samples();
    for (int i = 0; i < count; i++) {
      times.add(Spawns.procdesc(i % PIPED_SHARE == 0 ? PIPED : PLAIN));
    }
    return times.median();
  }

  /** Returns all that this JVM and its guardian hold while there is one child. */
  private static Map<String, Long> held() throws IOException, InterruptedException {
    Map<String, Long> held = new LinkedHashMap<>();
    // The child keeps the guardian alive, which exits when it has nothing to guard.
    try (ChildProcess child =
        Spawner.of("/bin/cat").stdin(Stdio.pipe()).onClose(OnClose.KILL).spawn()) {
      LiveChildren.settle();
      held.put(HEAP, LiveChildren.heap());
      held.put(DESCRIPTORS, LiveChildren.descriptors());
      held.put(THREADS, (long) LiveChildren.threads().size());
      held.put(ZOMBIES, Proc.zombies());
      held.put(RESIDENT, Proc.residentMemory(ProcessHandle.current().pid()));
      Optional<ProcessHandle> guardian = Platform.current().guardian();
      if (guardian.isPresent()) {
        long pid = guardian.get().pid();
        held.put(GUARDIAN_RESIDENT, Proc.residentMemory(pid));
        try {
          held.put(GUARDIAN_DESCRIPTORS, Proc.descriptors(pid));
        } catch (AccessDeniedException e) {
          // Only root may see the descriptors of a process that is protected against debuggers.
          System.err.println("the guardian's descriptors are hidden: " + e.getMessage());
        }
      }
      child.kill();
      child.waitFor();
    }
    return held;
  }
}
