package dev.procdesc.compat.c08_leaks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.procdesc.ChildProcess;
import dev.procdesc.DescriptorChannel;
import dev.procdesc.ExitStatus;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.Feature;
import dev.procdesc.OnClose;
import dev.procdesc.Platform;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.SpawnException;
import dev.procdesc.Spawner;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.ChildJvm;
import dev.procdesc.compat.support.Children;
import dev.procdesc.compat.support.Descriptors;
import dev.procdesc.compat.support.LibraryThreads;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Scenario;
import dev.procdesc.testing.Await;
import java.io.File;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Tests that an application that is unloaded leaves nothing: after an idle time the library has
 * given back its threads, descriptors and processes, and its class loader can be collected.
 */
@Tag(Tags.JVM)
final class UnloadTest {
  private static final int RELOADS = 5;

  /**
   * Reloads the library.
   *
   * @param jffi the class loader of jffi: {@code shared}, by all applications, or
   *     {@code application}, in each one, where jffi's own threads and statics keep the class
   *     loaders
   */
  @ParameterizedTest
  @ValueSource(strings = {"shared", "application"})
  @Contract("C8")
  void aReloadedApplicationLeavesNothing(String jffi) {
    reload(jffi, Work.class);
  }

  @Test
  @Contract("C8")
  void anApplicationThatOnlyUsesChannelsLeavesNothing() {
    Requires.feature(Feature.DESCRIPTOR_CHANNEL);
    reload("shared", OnlyChannels.class);
  }

  @Test
  @Contract("C8")
  void anApplicationThatOnlyOpensProcessesLeavesNothing() {
    Requires.feature(Feature.OPEN_PROCESS);
    reload("shared", OnlyOpens.class);
  }

  @Test
  @Contract("C8")
  void anApplicationWhoseSpawnsFailLeavesNothing() {
    reload("shared", OnlyFailures.class);
  }

  /** Tests what is used when the library has given everything back before. */
  @Test
  @Contract("C8")
  void aWaitAfterTheIdleTimeLeavesNothing() {
    Requires.feature(Feature.DESCRIPTOR_CHANNEL);
    reload("shared", AfterIdleTime.class);
  }

  private static void reload(String jffi, Class<? extends Runnable> work) {
    Requires.file("/proc/self/fd");
    ChildJvm.of(Reloads.class, jffi, work.getName())
        .property("dev.procdesc.idle", "PT0.05S")
        .run();
  }

  /** Loads and runs an application several times in one JVM. */
  public static final class Reloads implements Scenario {
    private final List<WeakReference<ClassLoader>> loaders = new ArrayList<>();

    @Override
    public void run(String... arguments) throws Exception {
      boolean shared = arguments[0].equals("shared");
      String work = arguments[1];
      reload(shared, work);
      int before = Descriptors.open().size();
      for (int i = 1; i < RELOADS; i++) {
        reload(shared, work);
      }
      // The JDK closes the pipes of a process of its own after the wait for that process.
      Await.until(
          "there are at most " + before + " descriptors, not " + Descriptors.open(),
          () -> Descriptors.open().size() <= before);
      if (shared) {
        // A static cache of the JDK retains the record class that was compared last.
        Await.until("the class loaders are collected, but for one", () -> {
          System.gc();
          return loaders.stream().filter(loader -> !loader.refersTo(null)).count() <= 1;
        });
      }
    }

    private void reload(boolean shared, String work) throws Exception {
      try (Application application = new Application(shared)) {
        Thread thread = new Thread(application.task(work));
        thread.setContextClassLoader(application);
        thread.start();
        Await.end(thread);
        // The library ends its work with classes that it has not loaded yet.
        Await.until("no thread is left", () -> LibraryThreads.names().isEmpty());
        Await.until("no process is left", () -> Children.all().isEmpty());
        loaders.add(new WeakReference<>(application));
      }
    }
  }

  /** A class loader that shares with this JVM the JDK, and jffi if requested. */
  private static final class Application extends URLClassLoader {
    Application(boolean shared) throws IOException {
      super(classPath(), new ClassLoader(ClassLoader.getPlatformClassLoader()) {
        @Override
        protected Class<?> findClass(String name) throws ClassNotFoundException {
          if (shared && name.startsWith("com.kenai.jffi.")) {
            return UnloadTest.class.getClassLoader().loadClass(name);
          }
          throw new ClassNotFoundException(name);
        }
      });
    }

    private static URL[] classPath() throws IOException {
      List<URL> urls = new ArrayList<>();
      for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
        urls.add(Path.of(entry).toUri().toURL());
      }
      return urls.toArray(URL[]::new);
    }

    Runnable task(String work) throws ReflectiveOperationException {
      return loadClass(work).asSubclass(Runnable.class).getDeclaredConstructor().newInstance();
    }
  }

  /** An application. */
  abstract static class Applied implements Runnable {
    @Override
    public void run() {
      try {
        work();
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    }

    abstract void work() throws Exception;
  }

  /** Waits for a message that does not come, in the kernel. */
  private static void receiveNothing() throws IOException {
    try (DescriptorChannel.Pair pair = DescriptorChannel.pair()) {
      assertEquals(Optional.empty(), pair.second().receive(Duration.ofMillis(1)));
    }
  }

  /** An application without children. */
  public static final class OnlyChannels extends Applied {
    @Override
    void work() throws Exception {
      receiveNothing();
    }
  }

  /** An application that waits for a process that other code has started. */
  public static final class OnlyOpens extends Applied {
    @Override
    void work() throws Exception {
      Process other = new ProcessBuilder("/bin/cat").start();
      try (ProcessDescriptor opened = ProcessDescriptor.open(other.pid())) {
        assertEquals(Optional.empty(), opened.waitFor(Duration.ofMillis(1)));
        other.destroy();
        opened.waitFor();
      }
      other.waitFor();
    }
  }

  /** An application that never has a child. */
  public static final class OnlyFailures extends Applied {
    @Override
    void work() throws Exception {
      assertThrows(
          SpawnException.class,
          () -> Spawner.of("/nonexistent/program").onClose(OnClose.RELEASE).spawn());
    }
  }

  /** An application that goes on after the library has given back everything. */
  public static final class AfterIdleTime extends Applied {
    @Override
    void work() throws Exception {
      try (ChildProcess child = Run.cat().spawn()) {
        Run.assertEchoes(child);
      }
      Await.until("the watcher ends", () -> LibraryThreads.names().isEmpty());
      receiveNothing();
    }
  }

  /** The application: uses every part of the library that holds descriptors or threads. */
  public static final class Work extends Applied {
    @Override
    void work() throws Exception {
      try (ChildProcess child = Run.cat().spawn();
          ProcessDescriptor other = child.duplicate()) {
        CompletableFuture<ExitStatus> ended = child.onExit();
        Run.assertEchoes(child);
        child.stdin().close();
        assertEquals(new Exited(0), other.waitFor());
        Await.get(ended);
      }
      Platform platform = Platform.current();
      if (platform.has(Feature.KILL_GROUP)) {
        Run.cat().newProcessGroup().onClose(OnClose.KILL_GROUP).spawn().close();
      }
      if (platform.has(Feature.DESCRIPTOR_CHANNEL)) {
        try (DescriptorChannel.Pair pair = DescriptorChannel.pair();
            ChildProcess child = Run.cat().spawn()) {
          pair.first().send(new byte[] {'x'}, child);
          pair.second().receive().descriptors().forEach(ProcessDescriptor::close);
        }
      }
    }
  }
}
