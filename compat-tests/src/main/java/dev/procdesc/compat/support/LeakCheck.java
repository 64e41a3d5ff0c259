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
import dev.procdesc.compat.Timeouts;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.Pipe;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
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
 * Before every test: what the descriptor-only mode refuses is skipped in it, by the test's tags.
 *
 * <p>After every test there are no more descriptors, children (alive or zombies) and temporary
 * files than before. Closing is partly asynchronous, so it looks until that holds, up to a ceiling.
 */
public final class LeakCheck
    implements BeforeEachCallback, AfterEachCallback, TestExecutionExceptionHandler {
  private static final Namespace NAMESPACE = Namespace.create(LeakCheck.class);
  private static final Duration CEILING = Timeouts.scaled(Duration.ofSeconds(10));

  /** As many as any test has in this JVM. */
  private static final int WAITERS = 40;

  /** For temporary files, and for nobody else: what is in there is ours or of our JVMs. */
  private static final Path TEMPORARY = makeTemporaryDirectory();

  private static boolean warm;

  private record Snapshot(
      Map<Integer, String> descriptors, Map<Long, String> children, Set<String> files) {
    static Snapshot take() {
      return new Snapshot(Descriptors.open(), Children.all(), temporaryFiles());
    }

    /** What is there now and was not then. */
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
      // A child that signals or waits does it by PID, and a JVM is started and waited for by it.
      Requires.that(
          !tags.contains(Tags.PIDS) && !tags.contains(Tags.KILLS) && !tags.contains(Tags.JVM),
          "leave to name processes by their IDs, which the descriptor-only mode refuses");
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
    if (before != null && !Await.holds(CEILING, () -> before.left().isEmpty())) {
      fail("the test left behind: " + String.join(", ", before.left()));
    }
  }

  /**
   * What the library and Java open once and keep is no leak: the watcher's queue, the selectors,
   * what wakes the threads that wait at the same time.
   */
  private static synchronized void warmUp() throws Exception {
    if (warm) {
      return;
    }
    warm = true;
    Platform.current().mechanisms(); // Starts what guards children, where the system needs that.
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
