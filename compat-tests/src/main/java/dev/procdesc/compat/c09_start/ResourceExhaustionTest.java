package dev.procdesc.compat.c09_start;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus;
import dev.procdesc.PipeInput;
import dev.procdesc.SpawnException;
import dev.procdesc.SpawnException.Step;
import dev.procdesc.Spawner;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Origin;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.ChildJvm;
import dev.procdesc.compat.support.Children;
import dev.procdesc.compat.support.Descriptors;
import dev.procdesc.compat.support.Errors;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Libc;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Scenario;
import dev.procdesc.compat.support.Text;
import dev.procdesc.testing.Await;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import jnr.constants.platform.Errno;
import jnr.constants.platform.RLIMIT;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.platform.commons.support.ReflectionSupport;

/** Tests that failed spawns, also those that lack a resource, leak nothing. */
@ExtendWith(LeakCheck.class)
final class ResourceExhaustionTest {
  @TempDir
  Path directory;

  private static Spawner spawner() {
    return Run.sh("exit 0");
  }

  @Test
  @Tag(Tags.LONG)
  @Contract({"C8", "C9"})
  @Origin({
    "swift-subprocess: #303 pidfd leak on failures",
    "swift-subprocess: #319 leak and zombie when exec fails"
  })
  void oneThousandFailedSpawnsLeaveNothing() throws Exception {
    // With another child, what the library gives back after an idle time is there before.
    try (ChildProcess other = Run.cat().spawn()) {
      String missing = directory.resolve("missing").toString();
      Spawner spawner = Run.piped(Spawner.of(missing));
      Set<Long> children = Children.all().keySet();
      for (int i = 0; i < 1000; i++) {
        assertThrows(SpawnException.class, () -> spawner.spawn().close());
      }
      // Checks right after the failure, because a collection or a later close would hide a leak.
      Map<Integer, String> before = Descriptors.open();
      assertThrows(SpawnException.class, () -> spawner.spawn().close());
      assertEquals(before, Descriptors.open());
      assertEquals(children, Children.all().keySet());
      Run.assertEchoes(other);
    }
  }

  @Test
  @Tag(Tags.JVM)
  @Contract({"C8", "C9"})
  void aSpawnWithoutFreeDescriptorsIsEmfile() {
    ChildJvm.of(NoDescriptorsLeft.class).run();
  }

  /**
   * Leaves no free descriptor, then one, then two, until a spawn succeeds, so that each descriptor
   * that a spawn needs is missing once.
   */
  public static final class NoDescriptorsLeft implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      // Opens now the descriptors that are opened once and retained, such as those of a waiting
      // thread.
      try (ChildProcess child = Run.cat().spawn()) {
        assertEquals(Optional.empty(), child.waitFor(Duration.ofMillis(1)));
      }
      // Loads all classes now, because loading one from its file needs a descriptor.
      ReflectionSupport.findAllClassesInPackage("dev.procdesc", each -> true, name -> true);
      List<Integer> taken = takeAll();
      int free = 0;
      while (!works(spawner())) {
        Descriptors.close(taken.remove(taken.size() - 1));
        free++;
      }
      assertTrue(free > 0, "a spawn needs descriptors");
      // The same number must suffice for later spawns, unless a failure or a success leaks a
      // descriptor. The watcher may hold one for a moment longer.
      for (int i = 0; i < 20; i++) {
        Await.until("the descriptors of the last child are free", () -> works(spawner()));
      }
    }

    private static boolean works(Spawner spawner) {
      try {
        assertEquals("", Run.output(spawner));
        return true;
      } catch (SpawnException e) {
        assertEquals(Errno.EMFILE, Errno.valueOf(e.errno()), e.toString());
        assertTrue(String.valueOf(e.getMessage()).contains("EMFILE"), e.toString());
        return false;
      } catch (IOException | InterruptedException e) {
        throw new AssertionError(e);
      }
    }
  }

  @Test
  @Tag(Tags.JVM)
  @Contract({"C8", "C9"})
  void aReadWithoutFreeDescriptorsWaits() {
    ChildJvm.of(ReadWithoutDescriptors.class).run();
  }

  /** Reads for the first time, from a child that has written nothing yet. */
  public static final class ReadWithoutDescriptors implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      ReflectionSupport.findAllClassesInPackage("dev.procdesc", each -> true, name -> true);
      try (ChildProcess child = Run.piped(Run.ordinary(Spawner.of("/bin/cat"))).spawn();
          PipeInput output = child.stdout()) {
        List<Integer> taken = takeAll();
        Await.Running<String> read = Await.start(() -> Text.all(output));
        Await.inside(read.thread(), "park");
        child.stdin().write("line".getBytes(US_ASCII));
        child.stdin().close();
        assertEquals("line", Await.get(read.result()));
        assertEquals(new ExitStatus.Exited(0), Run.end(child));
        taken.forEach(Descriptors::close);
      }
    }
  }

  /** Leaves no free descriptor, and returns the taken ones. */
  private static List<Integer> takeAll() {
    Descriptors.setLimit(Collections.max(Descriptors.open().keySet()) + 50);
    List<Integer> taken = new ArrayList<>();
    for (int fd = Libc.C.dup(0); fd != -1; fd = Libc.C.dup(0)) {
      taken.add(fd);
    }
    assertEquals(Errno.EMFILE, Libc.errno());
    return taken;
  }

  @Test
  @Tag(Tags.JVM)
  @Contract("C9")
  @Origin("swift-subprocess: #312 EAGAIN under load")
  void aSpawnBeyondTheProcessLimitIsEagain() {
    Requires.root();
    ChildJvm.of(NoProcessesLeft.class).changingUser().run();
  }

  /** Spawns at the process limit as another user, because the superuser is exempt from it. */
  public static final class NoProcessesLeft implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      assertEquals("", Run.output(spawner()));
      long[] limit = new long[2];
      int processes = RLIMIT.RLIMIT_NPROC.intValue();
      Libc.check(() -> Libc.C.getrlimit(processes, limit));
      Libc.check(() -> Libc.C.setuid((int) UnknownUser.ID));
      Libc.check(() -> Libc.C.setrlimit(processes, new long[] {1, limit[1]}));
      SpawnException thrown =
          assertThrows(SpawnException.class, () -> spawner().spawn().close());
      assertEquals(Step.CREATE, thrown.step(), thrown.toString());
      assertEquals(Errors.number(Errno.EAGAIN), thrown.errno(), thrown.toString());
      Libc.check(() -> Libc.C.setrlimit(processes, limit));
      assertEquals("", Run.output(spawner()));
    }
  }
}
