package dev.procdesc.compat.c11_concurrency;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.ChildJvm;
import dev.procdesc.compat.support.Children;
import dev.procdesc.compat.support.Descriptors;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.ProcFs;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Scenario;
import dev.procdesc.testing.Await;
import dev.procdesc.testing.Timeouts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Tests that many children, one after another, do not increase the use of any resource. */
@ExtendWith(LeakCheck.class)
@Tag(Tags.LONG)
final class StressTest {
  /** The number of children, from the system property {@code procdesc.stress}. */
  private static final int COUNT = Integer.getInteger("procdesc.stress", 10_000);

  @Test
  @Tag(Tags.JVM)
  @Contract({"C6", "C8"})
  void repeatedSpawnsGrowNoResource() {
    // In a separate JVM, no other test starts threads or uses memory.
    ChildJvm.of(Many.class, Integer.toString(COUNT))
        // The heap is fully committed from the start, so growth is outside the heap.
        .flag("-Xms48m")
        .flag("-Xmx48m")
        .flag("-XX:+AlwaysPreTouch")
        .run();
  }

  /** Spawns children and waits for them, many times. */
  public static final class Many implements Scenario {
    /** The permitted growth of memory, less than 1 KiB for each of 10,000 children. */
    private static final long RESIDENT_SLACK = 8 << 20;

    @Override
    public void run(String... arguments) throws Exception {
      int count = Integer.parseInt(arguments[0]);
      spawnAndWait(1);
      Map<Long, String> helpers = Children.all(); // May include a guardian.
      // Warms up the JIT compiler, the heap and the caches.
      spawnAndWait(Math.max(1000, count / 5));
      settle(helpers);
      var descriptors = Descriptors.open();
      int threads = Thread.getAllStackTraces().size();
      long resident = resident();
      spawnAndWait(count);
      settle(helpers);
      assertEquals(descriptors, Descriptors.open());
      assertTrue(Thread.getAllStackTraces().size() <= threads, "the number of threads has grown");
      long growth = resident() - resident;
      System.out.println("resident memory has grown by " + growth + " bytes");
      assertTrue(growth < RESIDENT_SLACK, "resident memory has grown by " + growth + " bytes");
    }

    private static void spawnAndWait(int count) throws IOException, InterruptedException {
      Spawner pipes = Spawner.of(Run.TRUE).stdin(Stdio.pipe()).stdout(Stdio.pipe());
      Spawner plain = Spawner.of(Run.TRUE);
      for (int i = 0; i < count; i++) {
        try (ChildProcess child = (i % 2 == 0 ? plain : pipes).spawn()) {
          assertEquals(new Exited(0), child.waitFor());
        }
      }
    }

    /** Waits until all children are reaped, and collects garbage. */
    private static void settle(Map<Long, String> helpers) {
      Await.until(
          "no child is left", () -> helpers.keySet().containsAll(Children.all().keySet()));
      for (int i = 0; i < 3; i++) {
        System.gc();
      }
    }

    /** Returns the resident memory or, where the kernel does not report it, the used heap. */
    private static long resident() throws IOException {
      Path status = Path.of("/proc/self/status");
      if (Files.exists(status)) {
        String kilobytes = ProcFs.field(Files.readString(status), "VmRSS").replace(" kB", "");
        return Long.parseLong(kilobytes) * 1024;
      }
      Runtime runtime = Runtime.getRuntime();
      return runtime.totalMemory() - runtime.freeMemory();
    }
  }

  @Test
  @Contract({"C5", "C6"})
  void manyChildrenWithoutAWaiterAreReaped() throws Exception {
    // No thread calls waitFor for these children, so the watcher collects all of them.
    Spawner spawner = Spawner.of(Run.TRUE);
    for (int i = 0; i < 500; i++) {
      ChildProcess child = spawner.spawn();
      if (i % 2 == 0) {
        child.close();
      } else {
        var end = child.onExit();
        assertEquals(
            new Exited(0),
            end.get(Timeouts.scaled(Duration.ofMinutes(1)).toMillis(), TimeUnit.MILLISECONDS));
        child.close();
      }
    }
  }
}
