package dev.procdesc.compat.c09_start;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.Feature;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.ChildJvm;
import dev.procdesc.compat.support.Descriptors;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Libc;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Scenario;
import dev.procdesc.compat.support.Scratch;
import dev.procdesc.compat.support.Text;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import jnr.constants.platform.OpenFlags;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tests that descriptors are placed at the requested numbers, whatever the parent has there. The
 * test opens its descriptors at numbers that are free in every JVM of this suite.
 */
@ExtendWith(LeakCheck.class)
final class DescriptorsTest {
  @TempDir
  Path directory;

  /** More lines than all children of a test read. */
  private static final int LINES = 1000;

  private final List<Integer> open = new ArrayList<>();

  @AfterEach
  void closeAll() {
    open.forEach(Descriptors::close);
  }

  /**
   * Opens, at a number, a file each of whose lines names that number. It has many lines, because
   * FreeBSD's fdescfs duplicates the descriptor: children that read it share its offset, and each
   * reads the next line. On Linux, each reads the first.
   */
  private int openAt(int number) throws IOException {
    Path file =
        Scratch.file(directory.resolve("file" + number), ("from " + number + "\n").repeat(LINES));
    int fd = Descriptors.open(file);
    try {
      open.add(Descriptors.copy(fd, number));
    } finally {
      Descriptors.close(fd);
    }
    Requires.that(Files.exists(Path.of("/dev/fd", "" + number)), "open descriptors in /dev/fd");
    return number;
  }

  /**
   * Spawns with the sources (values) at the targets (keys), and asserts that the child reads each
   * source at its target.
   */
  private void assertPlaced(Map<Integer, Integer> sources) throws Exception {
    StringBuilder script = new StringBuilder();
    StringBuilder expected = new StringBuilder();
    for (var entry : sources.entrySet()) {
      int target = entry.getKey();
      int source = entry.getValue();
      // "read" is a shell built-in, so the shell starts no process for it.
      script.append("read line </dev/fd/").append(target).append(" && echo \"$line\"\n");
      expected.append("from ").append(source).append('\n');
    }
    Path file = Scratch.script(directory.resolve("script"), script.toString());
    assertEquals(expected.toString().strip(), Run.output(with(sources, file)));
    for (int source : sources.values()) {
      assertTrue(Descriptors.isOpen(source), "the source stays open");
      assertTrue(Descriptors.isCloseOnExec(source), "the source stays close-on-exec");
    }
  }

  private static Spawner with(Map<Integer, Integer> sources, Path script) {
    Spawner spawner = Run.piped(Spawner.of(script.toString()));
    for (var entry : sources.entrySet()) {
      spawner = spawner.descriptor(entry.getKey(), Stdio.descriptor(entry.getValue()));
    }
    return spawner;
  }

  @Test
  @Contract({"C8", "C9"})
  void descriptorsArePlacedAtOtherNumbers() throws Exception {
    Requires.feature(Feature.CHILD_SETUP);
    assertPlaced(Map.of(5, openAt(971), 9, openAt(972), 300, openAt(973)));
  }

  @Test
  @Contract({"C8", "C9"})
  void aDescriptorIsPlacedAtItsOwnNumber() throws Exception {
    Requires.feature(Feature.CHILD_SETUP);
    assertPlaced(Map.of(971, openAt(971)));
  }

  @Test
  @Contract({"C8", "C9"})
  void twoDescriptorsAreSwapped() throws Exception {
    Requires.feature(Feature.CHILD_SETUP);
    assertPlaced(Map.of(971, openAt(972), 972, openAt(971)));
  }

  @Test
  @Contract({"C8", "C9"})
  void tenDescriptorsAreRotated() throws Exception {
    Requires.feature(Feature.CHILD_SETUP);
    Map<Integer, Integer> circle = new LinkedHashMap<>();
    for (int i = 0; i < 10; i++) {
      openAt(980 + i);
      circle.put(980 + i, 980 + (i + 1) % 10);
    }
    assertPlaced(circle);
  }

  @Test
  @Contract({"C8", "C9"})
  void oneDescriptorIsPlacedAtSeveralNumbers() throws Exception {
    Requires.feature(Feature.CHILD_SETUP);
    int source = openAt(971);
    assertPlaced(Map.of(971, source, 972, source, 5, source));
  }

  @Test
  @Contract({"C8", "C9"})
  void descriptorsArePlacedInRandomOrders() throws Exception {
    Requires.feature(Feature.CHILD_SETUP);
    Random random = new Random(11);
    List<Integer> numbers = new ArrayList<>();
    for (int i = 990; i < 1002; i++) {
      numbers.add(openAt(i));
    }
    for (int round = 0; round < 20; round++) {
      List<Integer> targets = new ArrayList<>(numbers);
      Collections.shuffle(targets, random);
      Map<Integer, Integer> placed = new LinkedHashMap<>();
      for (int i = 0; i < 8; i++) {
        placed.put(targets.get(i), numbers.get(random.nextInt(numbers.size())));
      }
      assertPlaced(placed);
    }
  }

  @Test
  @Contract({"C8", "C9"})
  void descriptorsArePlacedAtNumbersThatTheParentUses() throws Exception {
    // Java and the library use the low numbers in the parent; they are free in the child.
    Requires.feature(Feature.CHILD_SETUP);
    Map<Integer, Integer> low = new LinkedHashMap<>();
    int source = openAt(971);
    for (int target = 3; target < 40; target++) {
      low.put(target, source);
    }
    assertPlaced(low);
  }

  @Test
  @Contract("C9")
  void aDescriptorBecomesStandardInput() throws Exception {
    int source = openAt(971);
    try (var child = Run.cat().stdin(Stdio.descriptor(source)).spawn()) {
      assertEquals("from 971\n".repeat(LINES).strip(), Text.all(child.stdout()));
    }
  }

  @Test
  @Contract("C9")
  void oneDescriptorBecomesOutputAndError() throws Exception {
    Path file = directory.resolve("both");
    int fd =
        Descriptors.open(file, OpenFlags.O_WRONLY.intValue() | OpenFlags.O_CREAT.intValue(), 0600);
    open.add(fd);
    try (var child = Run.sh("echo out; echo err >&2; echo out")
        .stdout(Stdio.descriptor(fd))
        .stderr(Stdio.descriptor(fd))
        .spawn()) {
      Run.end(child);
    }
    assertEquals("out\nerr\nout\n", Files.readString(file));
  }

  @Test
  @Tag(Tags.JVM)
  @Contract("C9")
  void outputAndErrorAreSwapped() {
    String output =
        ChildJvm.of(Swapped.class).startedBy("exec \"$@\" 2>/dev/null").run();
    assertEquals("err", output.strip());
  }

  /**
   * Spawns a child whose output and error are swapped, in a JVM whose standard error is the null
   * device.
   */
  public static final class Swapped implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      try (var child = Spawner.of("/bin/sh", "-c", "echo out; echo err >&2")
          .stdin(Stdio.nullDevice())
          .stdout(Stdio.descriptor(2))
          .stderr(Stdio.descriptor(1))
          .spawn()) {
        Run.end(child);
      }
    }
  }

  @Test
  @Tag(Tags.JVM)
  @Contract("C9")
  void aJvmWithoutStandardDescriptorsCanSpawn() {
    ChildJvm.of(Bare.class).run();
  }

  /** Closes the standard descriptors, so that the library's pipes get their numbers. */
  public static final class Bare implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      assertEquals("ok", Run.output(Run.sh("echo ok")));
      int copy = Libc.check(() -> Libc.C.dup(1));
      for (int fd = 0; fd <= 2; fd++) {
        Descriptors.close(fd);
      }
      try {
        Spawner spawner = Run.sh("read line; echo \"$line\"; echo error >&2").stderr(Stdio.pipe());
        try (var child = spawner.spawn()) {
          Text.send(child.stdin(), "line");
          assertEquals("line", Text.all(child.stdout()));
          assertEquals("error", Text.all(child.stderr()));
          assertEquals(new Exited(0), Run.end(child));
        }
      } finally {
        Libc.check(() -> Libc.C.dup2(copy, 1));
        Libc.check(() -> Libc.C.dup2(copy, 2));
      }
    }
  }
}
