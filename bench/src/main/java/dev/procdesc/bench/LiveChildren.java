package dev.procdesc.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.procdesc.ChildProcess;
import dev.procdesc.SpawnException;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A JVM with many children. Prints the number of children, the total number of threads that they
 * need, the heap bytes and the descriptors of each, and the names of the threads; then closes all
 * children.
 */
final class LiveChildren {
  private LiveChildren() {}

  /**
   * Runs the JVM.
   *
   * @param args the number of children, then the command of each
   * @throws Exception if anything fails
   */
  public static void main(String[] args) throws Exception {
    int wanted = Integer.parseInt(args[0]);
    Spawner spawner = spawner(args);
    // Measure once first, so that the cost of measuring is not counted.
    heap();
    descriptors();
    Set<Thread> before = threads();
    // The array, which belongs to the application, and the cost of the first child are not counted
    // either.
    ChildProcess[] children = new ChildProcess[wanted];
    try (ChildProcess first = spawner.spawn()) {
      settle();
      long heapBefore = heap();
      long descriptorsBefore = descriptors();
      int count = 0;
      String stopped = "";
      while (count < wanted) {
        try {
          children[count] = spawner.spawn();
          count++;
        } catch (SpawnException e) {
          stopped = "stopped by " + e.getMessage() + "; ";
          break;
        }
      }
      settle();
      // Measure descriptors first: with none left, few other calls work.
      long descriptors = descriptors() - descriptorsBefore;
      long heap = heap() - heapBefore;
      Set<Thread> after = threads();
      after.removeAll(before);
      List<String> names = after.stream().map(Thread::getName).sorted().toList();
      PrintStream out = new PrintStream(System.out, true, UTF_8);
      out.printf(
          "%d %d %s %s %s%n",
          count,
          after.size(),
          (double) heap / count,
          (double) descriptors / count,
          stopped + String.join(", ", names));
      first.kill();
      for (int i = 0; i < count; i++) {
        children[i].close();
      }
    }
  }

  /** Returns the spawner of the children, which all hold the write end of one pipe. */
  static Spawner spawner(String[] args) {
    return Spawner.of(Arrays.asList(args).subList(1, args.length))
        .stdin(Stdio.nullDevice())
        .stdout(Stdio.nullDevice())
        .descriptor(LiveBenchmark.LIFELINE, Stdio.descriptor(LiveBenchmark.LIFELINE));
  }

  /** Waits for the library to complete deferred work. */
  static void settle() throws InterruptedException {
    TimeUnit.SECONDS.sleep(1);
  }

  static Set<Thread> threads() {
    return new HashSet<>(Thread.getAllStackTraces().keySet());
  }

  static long heap() throws InterruptedException {
    MemoryMXBean memory = ManagementFactory.getMemoryMXBean();
    for (int i = 0; i < 5; i++) {
      memory.gc();
      // Objects that one collection finds unreachable may release others for the next.
      TimeUnit.MILLISECONDS.sleep(100);
    }
    return memory.getHeapMemoryUsage().getUsed();
  }

  static long descriptors() throws IOException {
    try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
      return all.collect(Collectors.counting());
    }
  }
}
