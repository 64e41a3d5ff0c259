package dev.procdesc.compat.c08_leaks;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.Feature;
import dev.procdesc.Limit;
import dev.procdesc.Resource;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.ChildJvm;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Scenario;
import dev.procdesc.compat.support.Text;
import java.io.FileInputStream;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Tests the descriptors of children in a JVM that has opened many before its first spawn, so that
 * the pipes of the children have high numbers.
 */
@ExtendWith(LeakCheck.class)
@Tag(Tags.JVM)
final class ManyDescriptorsTest {
  private static final int MANY = 600;

  private static final String LIST = """
      read line; echo $line; echo err >&2
      for file in /proc/$$/fd/*; do
        if [ -e $file ] || [ -h $file ]; then echo ${file##*/}; fi
      done
      """;

  private static Spawner withThreePipes(String script) {
    return withThreePipes(Spawner.of("sh", "-c", script));
  }

  private static Spawner withThreePipes(Spawner spawner) {
    return spawner.stdin(Stdio.pipe()).stdout(Stdio.pipe()).stderr(Stdio.pipe());
  }

  /** Sends a line to a child, and returns what it writes until its end. */
  private static String answer(ChildProcess child) throws Exception {
    Text.send(child.stdin(), "in");
    child.stdin().close();
    String answer = Text.all(child.stdout());
    assertEquals(new Exited(0), Run.end(child));
    return answer;
  }

  /** Opens the descriptors of the JVM before its first spawn. */
  private abstract static class Opened implements Scenario {
    @Override
    public final void run(String... arguments) throws Exception {
      List<InputStream> open = new ArrayList<>();
      try {
        while (open.size() < MANY) {
          open.add(new FileInputStream("/dev/null"));
        }
        spawn();
      } finally {
        for (InputStream each : open) {
          each.close();
        }
      }
    }

    abstract void spawn() throws Exception;
  }

  /** Transfers bytes through pipes of all kinds. */
  public static final class Pipes extends Opened {
    @Override
    void spawn() throws Exception {
      try (ChildProcess child = withThreePipes("cat; echo err >&2").spawn()) {
        assertEquals("in", answer(child));
        assertEquals("err", Text.all(child.stderr()));
      }
      Spawner merged = withThreePipes("cat; echo err >&2; echo out").stderr(Stdio.stdout());
      try (ChildProcess child = merged.spawn()) {
        assertEquals("in\nerr\nout", answer(child));
      }
      Spawner mixed = withThreePipes("cat").stderr(Stdio.nullDevice());
      try (ChildProcess child = mixed.spawn()) {
        assertEquals("in", answer(child));
      }
    }
  }

  /** Lists the descriptors of children. */
  public static final class Listing extends Opened {
    @Override
    void spawn() throws Exception {
      try (ChildProcess child = withThreePipes(LIST).spawn()) {
        assertEquals("in\n0\n1\n2", answer(child));
        assertEquals("err", Text.all(child.stderr()));
      }
      Spawner more = withThreePipes("exec 3>&9; " + LIST)
          .descriptor(5, Stdio.nullDevice())
          .descriptor(9, Stdio.pipeFromChild());
      try (ChildProcess child = more.spawn()) {
        assertEquals("in\n0\n1\n2\n3\n5\n9", answer(child));
        assertEquals("", Text.all(child.pipeFrom(9)));
      }
    }
  }

  /** A child with so low a limit has no number for another descriptor while it is being made. */
  public static final class UnderLimit extends Opened {
    @Override
    void spawn() throws Exception {
      Spawner limited = withThreePipes(Spawner.of("cat")).limit(Resource.OPEN_FILES, Limit.of(4));
      for (int i = 0; i < 2; i++) {
        try (ChildProcess child = limited.spawn()) {
          assertEquals("in", answer(child));
          assertEquals("", Text.all(child.stderr()));
        }
      }
    }
  }

  @Test
  @Contract("C8")
  void pipesWithHighNumbersReachTheChild() throws Exception {
    ChildJvm.of(Pipes.class).run();
  }

  @Test
  @Contract("C8")
  void theChildGetsNothingElse() throws Exception {
    Requires.feature(Feature.CHILD_SETUP);
    Requires.that(Files.exists(Path.of("/proc/self/fd/0")), "/proc/self/fd");
    ChildJvm.of(Listing.class).run();
  }

  @Test
  @Contract("C8")
  void pipesReachAChildThatMayOpenNoFurtherDescriptor() throws Exception {
    Requires.feature(Feature.CHILD_SETUP);
    ChildJvm.of(UnderLimit.class).run();
  }
}
