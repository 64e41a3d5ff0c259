package dev.procdesc.compat.support;

import static org.junit.jupiter.api.Assertions.fail;

import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus;
import dev.procdesc.Platform;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.compat.MissingFeature;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.testing.Await;
import dev.procdesc.testing.Timeouts;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.Pipe;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;

/**
 * Fails a test that leaves behind descriptors, children (alive or zombies) or temporary files.
 * Closing is partly asynchronous, so the check waits up to a ceiling until they are gone.
 *
 * <p>Before a test it skips, by the tags, the tests that the descriptor-only mode refuses.
 */
public final class LeakCheck
    implements BeforeEachCallback, AfterEachCallback, TestExecutionExceptionHandler {
  private static final Namespace NAMESPACE = Namespace.create(LeakCheck.class);

  /** The largest number of concurrent waiters of any test in this JVM. */
  private static final int WAITERS = 40;

  /** The directory of temporary files, which only this JVM and its child JVMs use. */
  private static final Path TEMPORARY = makeTemporaryDirectory();

  private static boolean warm;

  private record Snapshot(
      Map<Integer, String> descriptors, Map<Long, String> children, Set<String> files) {
    static Snapshot take() {
      return new Snapshot(Descriptors.open(), Children.all(), temporaryFiles());
    }

    /** Returns the names of all that exists now and did not exist then. */
    List<String> left() {
      Map<Integer, String> newDescriptors = new TreeMap<>(Descriptors.open());
      newDescriptors.entrySet().removeAll(descriptors.entrySet());
      Map<Long, String> newChildren = new TreeMap<>(Children.all());
      newChildren.keySet().removeAll(children.keySet());
      Set<String> newFiles = temporaryFiles();
      newFiles.removeAll(files);
      List<String> left = new ArrayList<>();
      newDescriptors.forEach((fd, what) -> left.add("descriptor " + fd + " (" + what + ")"));
      newChildren.forEach((pid, what) -> left.add("child " + pid + " (" + what + ")"));
      newFiles.forEach(file -> left.add("file " + file));
      return left;
    }

    private static Set<String> temporaryFiles() {
      Set<String> files = new TreeSet<>();
      try (DirectoryStream<Path> entries = Files.newDirectoryStream(TEMPORARY)) {
        entries.forEach(entry -> files.add(entry.toString()));
      } catch (IOException e) {
        throw new AssertionError(e);
      }
      return files;
    }
  }

  private static Path makeTemporaryDirectory() {
    try {
      Path directory = Files.createTempDirectory("procdesc-compat-");
      directory.toFile().deleteOnExit();
      System.setProperty("java.io.tmpdir", directory.toString());
      return directory;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void beforeEach(ExtensionContext context) throws Exception {
    if (Platform.current().inDescriptorOnlyMode()) {
      Set<String> tags = context.getTags();
      // A shell signals and waits by PID, and child JVMs are started and waited for by PID.
      Requires.that(
          !tags.contains(Tags.PIDS) && !tags.contains(Tags.KILLS) && !tags.contains(Tags.JVM),
          "permission to name processes by their IDs, which the descriptor-only mode refuses");
    }
    warmUp();
    context.getStore(NAMESPACE).put(Snapshot.class, Snapshot.take());
  }

  /** Skips a test that takes the default, {@code OnClose.KILL}, where the system has none. */
  @Override
  public void handleTestExecutionException(ExtensionContext context, Throwable failure)
      throws Throwable {
    Optional<MissingFeature> skip = Requires.skipFor(failure);
    if (skip.isPresent()) {
      throw skip.get();
    }
    throw failure;
  }

  @Override
  public void afterEach(ExtensionContext context) {
    Snapshot before = context.getStore(NAMESPACE).get(Snapshot.class, Snapshot.class);
    if (before == null || Await.holds(Timeouts.CEILING, () -> before.left().isEmpty())) {
      return;
    }
    List<String> left = before.left();
    if (!left.isEmpty()) {
      fail("the test left behind: " + String.join(", ", left));
    }
  }

  /**
   * Makes the library and Java open what they open once and retain, which is no leak: the queue of
   * the watcher, the selectors, the descriptors that wake concurrent waiters.
   */
  private static synchronized void warmUp() throws Exception {
    if (warm) {
      return;
    }
    warm = true;
    Platform.current().mechanisms(); // Starts the guardian on systems that need one.
    try (ChildProcess child = Run.ordinary(Spawner.of("/bin/sh", "-c", "read line"))
        .stdin(Stdio.pipe())
        .stdout(Stdio.pipe())
        .spawn()) {
      CompletableFuture<ExitStatus> end = child.onExit();
      try (ConcurrentCallers<ExitStatus> waiters = new ConcurrentCallers<>(Thread::new)) {
        for (int i = 0; i < WAITERS; i++) {
          waiters.add(child::waitFor);
        }
        waiters.awaitBlocked();
        child.stdin().close();
        waiters.results();
      }
      end.join();
    }
    if (!Platform.current().inDescriptorOnlyMode()) {
      new ProcessBuilder("/bin/sh", "-c", "exit 0").start().waitFor();
    }
    Pipe pipe = Pipe.open();
    pipe.source().close();
    pipe.sink().close();
    if (VirtualThreads.AVAILABLE) {
      Thread thread = VirtualThreads.factory().newThread(() -> {});
      thread.start();
      thread.join();
    }
  }
}
