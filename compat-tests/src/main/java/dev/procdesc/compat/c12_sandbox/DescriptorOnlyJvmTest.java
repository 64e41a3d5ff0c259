package dev.procdesc.compat.c12_sandbox;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.DescriptorOnly;
import dev.procdesc.Feature;
import dev.procdesc.Platform;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.Signal;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.ChildJvm;
import dev.procdesc.compat.support.ConcurrentCallers;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Libc;
import dev.procdesc.compat.support.RawPipe;
import dev.procdesc.compat.support.Scenario;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests that the JVM itself continues to work in the descriptor-only mode. */
@ExtendWith(LeakCheck.class)
@Tag(Tags.JVM)
final class DescriptorOnlyJvmTest {
  @ParameterizedTest
  @ValueSource(strings = {"", "PROGRAMS,FILES"})
  @Contract("C12")
  void theJvmContinuesToWork(String also) {
    DescriptorOnlyMode.requireOtherNamesAllowed();
    Requires.feature(Feature.OPEN_PROCESS);
    if (!also.isEmpty()) {
      Requires.launchWithoutNames();
    }
    String output = ChildJvm.of(Lives.class, also)
        .flag("-XX:-UsePerfData")
        .flag("-XX:TieredStopAtLevel=4")
        .flag("-XX:-UseSerialGC")
        .flag("-XX:+UseParallelGC")
        .flag("-Xcomp")
        .flag("-XX:CompileCommand=quiet")
        .flag("-XX:CompileCommand=compileonly,*Lives::*")
        .run();
    assertTrue(output.contains("lives"), output);
  }

  /** Collects garbage, dumps its threads, loads and compiles classes. */
  public static final class Lives implements Scenario {
    private static long work(long seed) {
      long value = seed;
      for (int i = 0; i < 1000; i++) {
        value = value * 6364136223846793005L + 1442695040888963407L;
      }
      return value;
    }

    private static long collections() {
      return ManagementFactory.getGarbageCollectorMXBeans().stream()
          .mapToLong(GarbageCollectorMXBean::getCollectionCount)
          .sum();
    }

    private static void startThreads() throws Exception {
      try (ConcurrentCallers<String> callers = new ConcurrentCallers<>(Thread::new)) {
        callers.add(() -> Thread.currentThread().getName());
        assertEquals(1, callers.results().size());
      }
    }

    /**
     * Makes the JVM print a thread dump to descriptor 1, and reads it up to the line about JNI
     * references, which precedes the summary of the heap.
     */
    private static void dumpThreads(int output) throws Exception {
      try (RawPipe pipe = RawPipe.open();
          ProcessDescriptor self = ProcessDescriptor.self()) {
        Libc.check(() -> Libc.C.dup2(pipe.writeEnd(), 1));
        assertTrue(self.signal(Signal.QUIT));
        List<String> dump = new ArrayList<>();
        do {
          dump.add(pipe.line());
        } while (!dump.get(dump.size() - 1).startsWith("JNI global refs"));
        Libc.check(() -> Libc.C.dup2(output, 1));
        assertTrue(dump.stream().anyMatch(line -> line.startsWith("Full thread dump")));
        assertTrue(dump.stream().anyMatch(line -> line.startsWith("\"main\"")));
      }
    }

    @Override
    public void run(String... arguments) throws Exception {
      int output = Libc.check(() -> Libc.C.dup(1)); // Also loads the test's native functions.
      // Loads the classes, because those in a directory, unlike those in a JAR, cannot be loaded
      // later.
      startThreads();
      dumpThreads(output);
      long before = collections();
      long compiled = ManagementFactory.getCompilationMXBean().getTotalCompilationTime();
      if (arguments[0].isEmpty()) {
        DescriptorOnlyMode.enter();
      } else {
        Platform.current()
            .enterDescriptorOnlyMode(Stream.of(arguments[0].split(",", -1))
                .map(DescriptorOnly::valueOf)
                .toArray(DescriptorOnly[]::new));
      }
      System.gc();
      List<byte[]> garbage = new ArrayList<>();
      for (int i = 0; i < 2000; i++) {
        garbage.add(new byte[100_000]);
        if (garbage.size() > 100) {
          garbage.clear();
        }
      }
      assertTrue(collections() > before);
      long value = 1;
      for (int i = 0; i < 50_000; i++) {
        value = work(value);
      }
      assertTrue(value != 0);
      assertTrue(ManagementFactory.getCompilationMXBean().getTotalCompilationTime() >= compiled);
      // Loads a class that has not been used before.
      assertEquals("Phaser", Class.forName("java.util.concurrent.Phaser").getSimpleName());
      startThreads();
      dumpThreads(output);
      System.out.println("lives");
    }
  }
}
