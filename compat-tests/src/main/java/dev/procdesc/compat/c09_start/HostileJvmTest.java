package dev.procdesc.compat.c09_start;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.Feature;
import dev.procdesc.Platform;
import dev.procdesc.Spawner;
import dev.procdesc.UnsupportedFeatureException;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.ChildJvm;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Scenario;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** Tests that the library reports the cause and the remedy where it cannot work. */
@ExtendWith(LeakCheck.class)
@Tag(Tags.JVM)
final class HostileJvmTest {
  /** Asserts that every call that needs a backend throws, with a message that has all arguments. */
  public static final class NoPlatform implements Scenario {
    @Override
    public void run(String... arguments) {
      String first = message(Platform::current);
      assertEquals(
          first,
          message(() -> Spawner.of(Run.TRUE).spawn().close()),
          "every call has the same message");
      System.out.println(first);
      for (String word : arguments) {
        assertTrue(first.contains(word), () -> "the message names " + word + ": " + first);
      }
      assertTrue(first.lines().count() == 1, "the message has one line");
    }

    private static String message(Executable call) {
      UnsupportedFeatureException thrown = assertThrows(UnsupportedFeatureException.class, call);
      assertEquals(Feature.PROCESS_DESCRIPTORS, thrown.feature());
      return String.valueOf(thrown.getMessage());
    }
  }

  @Test
  @Contract("C9")
  void aMissingBackendIsReported() {
    ChildJvm.of(NoPlatform.class, System.getProperty("os.name"), "none")
        .property("dev.procdesc.backend", "none")
        .run();
  }

  @Test
  @Contract("C9")
  void anUnsupportedSystemIsReported() {
    ChildJvm.of(NoPlatform.class, "Plan 9").property("os.name", "Plan 9").run();
  }

  @Test
  @Contract("C9")
  void deniedNativeAccessIsReported() {
    Requires.java(24);
    ChildJvm.of(NoPlatform.class, "--enable-native-access=ALL-UNNAMED")
        .withoutNativeAccess()
        .flag("--illegal-native-access=deny")
        .run();
  }

  @Test
  @Contract("C9")
  void aMissingTemporaryDirectoryIsReported(@TempDir Path directory) {
    withTemporaryDirectory(directory.resolve("missing")).run();
  }

  @Test
  @Contract("C9")
  void aNoexecTemporaryDirectoryIsReported(@TempDir Path directory) throws Exception {
    Requires.root();
    // A separate mount namespace hides the file system from other processes.
    String mount = "mount -t tmpfs -o noexec tmpfs " + directory;
    Process attempt = new ProcessBuilder("unshare", "-m", "/bin/sh", "-c", mount).start();
    attempt.getOutputStream().close();
    attempt.getInputStream().close();
    attempt.getErrorStream().close();
    Requires.that(attempt.waitFor() == 0, "unshare and a mount that is noexec");
    withTemporaryDirectory(directory)
        .startedBy("exec unshare -m /bin/sh -c '" + mount + " && exec \"$@\"' sh \"$@\"")
        .run();
  }

  /**
   * Returns a JVM with a temporary directory. It is the current directory too, because jffi tries
   * that next.
   */
  private static ChildJvm withTemporaryDirectory(Path directory) {
    return ChildJvm.of(NoPlatform.class, "jffi.boot.library.path", "jffi.extract.dir", "noexec")
        .property("java.io.tmpdir", directory.toString())
        .property("user.dir", directory.toString());
  }

  @Test
  @Contract("C9")
  void theLibraryPrintsNothing() {
    String output = ChildJvm.of(Quiet.class).run();
    assertEquals("spawned", output.strip(), "the library prints nothing, not even a warning");
  }

  /** Spawns a child and queries the features, as a program does first. */
  public static final class Quiet implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      try (var child = Spawner.of(Run.TRUE).spawn()) {
        assertTrue(child.waitFor().isSuccess());
      }
      assertFalse(Platform.current().features().isEmpty());
      System.out.println("spawned");
    }
  }
}
