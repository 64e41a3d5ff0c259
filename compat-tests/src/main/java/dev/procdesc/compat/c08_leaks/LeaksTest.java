package dev.procdesc.compat.c08_leaks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.Feature;
import dev.procdesc.Limit;
import dev.procdesc.Resource;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.UnsupportedFeatureException;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Differences;
import dev.procdesc.compat.Origin;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.ChildJvm;
import dev.procdesc.compat.support.ConcurrentCallers;
import dev.procdesc.compat.support.Descriptors;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Libc;
import dev.procdesc.compat.support.Mechanisms;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Scenario;
import dev.procdesc.compat.support.Text;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import jnr.constants.platform.Fcntl;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Tests that the child gets exactly the descriptors that were requested. */
@ExtendWith(LeakCheck.class)
final class LeaksTest {
  /**
   * Prints the descriptors that are open in the child. The shell opens the directory to list it,
   * and has closed it again when it checks which of the listed descriptors exist.
   */
  private static final String LIST = """
      directory=/proc/$$/fd; [ -d $directory ] || directory=/dev/fd
      for file in $directory/*; do
        if [ -e $file ] || [ -h $file ]; then echo ${file##*/}; fi
      done
      """;

  /**
   * Requires a directory that lists every open descriptor. Without fdescfs, /dev/fd may list only
   * the numbers 0 to 2 and would hide any leak.
   */
  private static void requireListing() throws Exception {
    int fd = 999;
    Descriptors.copy(0, fd);
    try {
      Requires.that(
          Files.exists(Path.of("/proc/self/fd/" + fd)) || Files.exists(Path.of("/dev/fd/" + fd)),
          "a directory of open descriptors: /proc/self/fd or fdescfs at /dev/fd");
    } finally {
      Descriptors.close(fd);
    }
  }

  private static Set<Integer> openInChild(Spawner spawner) throws Exception {
    return Run.output(spawner)
        .lines()
        .map(Integer::valueOf)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** Opens descriptors without close-on-exec at random numbers, as careless native code does. */
  private static List<Integer> careless() {
    Random random = new Random(7);
    List<Integer> open = new ArrayList<>();
    int limit = (int) Math.min(Descriptors.limit(), 4000);
    for (int i = 0; i < 200; i++) {
      int fd = 10 + random.nextInt(limit - 10);
      // The kernel chooses a free one from there on, because Java's threads open files at any time.
      open.add(Libc.check(() -> Libc.C.fcntl(0, Fcntl.F_DUPFD.intValue(), fd)));
    }
    assertTrue(open.size() > 100);
    assertFalse(Descriptors.isCloseOnExec(open.get(0)));
    return open;
  }

  @Test
  @Contract("C8")
  @Origin({
    "swift-subprocess: no inherited high or random descriptors",
    "capsicum-test: Pdfork.TimeCheck"
  })
  void onlyTheStandardDescriptorsAreInherited() throws Exception {
    requireListing();
    List<Integer> careless = careless();
    try {
      assertEquals(Set.of(0, 1, 2), openInChild(Run.sh(LIST)));
    } finally {
      careless.forEach(Descriptors::close);
    }
  }

  @Test
  @Contract("C8")
  void onlyTheRequestedExtraDescriptorsAreAdded() throws Exception {
    Requires.feature(Feature.CHILD_SETUP);
    requireListing();
    List<Integer> careless = careless();
    try {
      Spawner spawner = Run.sh(LIST)
          .descriptor(5, Stdio.nullDevice())
          .descriptor(9, Stdio.descriptor(careless.get(0)))
          .descriptor(700, Stdio.descriptor(careless.get(1)));
      assertEquals(Set.of(0, 1, 2, 5, 9, 700), openInChild(spawner));
    } finally {
      careless.forEach(Descriptors::close);
    }
  }

  @Test
  @Contract("C8")
  void onlyTheStandardDescriptorsAreInheritedUnderALowLimit() throws Exception {
    // Descriptors may be open above the limit that the child gets.
    Requires.feature(Feature.CHILD_SETUP);
    requireListing();
    List<Integer> careless = careless();
    try {
      assertEquals(
          Set.of(0, 1, 2), openInChild(Run.sh(LIST).limit(Resource.OPEN_FILES, Limit.of(64))));
    } finally {
      careless.forEach(Descriptors::close);
    }
  }

  @Test
  @Tag(Tags.KERNELS)
  @Contract({"C8", "C9"})
  void theChildCanOpenAsManyFilesAsItsLimitAllows() throws Exception {
    Requires.feature(Feature.CHILD_SETUP);
    // The descriptors of this JVM occupy the numbers around the child's limit.
    List<Integer> open = new ArrayList<>();
    try {
      while (open.size() < 400) {
        open.add(Libc.check(() -> Libc.C.dup(0)));
      }
      List<String> command = new ArrayList<>(Collections.nCopies(200, "/dev/null"));
      command.add(0, "paste");
      Spawner paste = Spawner.of(command)
          .limit(Resource.OPEN_FILES, Limit.of(256))
          .stdin(Stdio.pipe())
          .stdout(Stdio.pipe())
          .stderr(Stdio.stdout());
      assertEquals("", Run.output(paste));
    } finally {
      open.forEach(Descriptors::close);
    }
  }

  @Test
  @Contract("C8")
  void aSiblingsDescriptorsAreNotInherited() throws Exception {
    requireListing();
    try (ChildProcess sibling = Run.cat().stderr(Stdio.pipe()).spawn()) {
      assertEquals(Set.of(0, 1, 2), openInChild(Run.sh(LIST)));
      Run.assertEchoes(sibling);
    }
  }

  /** Requires a backend that finds the open descriptors in {@code /proc}. */
  private static void requireProc() {
    Requires.file("/proc/self/fd/0");
    Requires.that(!Differences.simulated(), "a backend that reads /proc/self/fd");
  }

  @Test
  @Tag(Tags.JVM)
  @Contract("C8")
  void nothingAboveTheSoftLimitIsInheritedWithoutCloseRange() throws Exception {
    Requires.feature(Feature.CHILD_SETUP);
    requireProc();
    Mechanisms.without("close_range", ChildJvm.of(AboveTheLimit.class)).run();
  }

  /** Spawns with a descriptor that was opened before the soft limit was lowered. */
  public static final class AboveTheLimit implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      int careless = Libc.check(() -> Libc.C.dup2(0, 2000));
      Descriptors.setLimit(1000);
      assertEquals(Set.of(0, 1, 2), openInChild(Run.sh(LIST)));
      Descriptors.close(careless);
    }
  }

  @Test
  @Tag(Tags.JVM)
  @Contract("C8")
  void aHighLimitIsNoObstacleWithoutCloseRange() throws Exception {
    Requires.feature(Feature.CHILD_SETUP);
    requireProc();
    String raise = "ulimit -n 300000 && exec \"$@\"";
    Process trial = new ProcessBuilder("/bin/sh", "-c", raise, "sh", "true")
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .start();
    Requires.that(trial.waitFor() == 0, "permission to open 300,000 files");
    Mechanisms.without("close_range", ChildJvm.of(HighLimit.class))
        .startedBy(raise)
        .run();
  }

  /** Spawns where 300,000 files may be open. */
  public static final class HighLimit implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      assertEquals(300_000, Descriptors.limit());
      assertEquals(Set.of(0, 1, 2), openInChild(Run.sh(LIST)));
      int tooHigh = Libc.check(() -> Libc.C.dup2(0, 290_000));
      UnsupportedFeatureException refused =
          assertThrows(UnsupportedFeatureException.class, () -> Run.sh(LIST).spawn());
      assertTrue(refused.toString().contains("close_range"), refused.toString());
      Descriptors.close(tooHigh);
      assertEquals(Set.of(0, 1, 2), openInChild(Run.sh(LIST)));
    }
  }

  @Test
  @Contract("C8")
  void everyDescriptorOfTheLibraryIsCloseOnExec() throws Exception {
    // A fork and exec by other code in the host program cannot leak a close-on-exec descriptor.
    var before = Descriptors.open();
    try (ChildProcess child = Run.cat().stderr(Stdio.pipe()).spawn()) {
      var after = Descriptors.open();
      after.keySet().removeAll(before.keySet());
      after
          .keySet()
          .forEach(fd -> assertTrue(Descriptors.isCloseOnExec(fd), () -> fd + " " + after));
      Run.assertEchoes(child);
    }
  }

  @Test
  @Contract({"C8", "C11"})
  void pipesReachEndOfFileWhileSiblingsAreSpawned() throws Exception {
    // A sibling that inherited the writing end of a pipe would delay its end of file.
    try (ChildProcess sibling = Run.cat().spawn();
        ConcurrentCallers<Void> callers = new ConcurrentCallers<>(Thread::new)) {
      for (int i = 0; i < 8; i++) {
        callers.add(() -> {
          for (int j = 0; j < 10; j++) {
            try (ChildProcess lasting = Run.cat().spawn();
                ChildProcess brief = Run.sh("echo brief").spawn()) {
              assertEquals("brief", Text.all(brief.stdout()));
              assertEquals(new Exited(0), Run.end(brief));
              Run.assertEchoes(lasting);
            }
          }
          return null;
        });
      }
      callers.results();
      Run.assertEchoes(sibling);
    }
  }
}
