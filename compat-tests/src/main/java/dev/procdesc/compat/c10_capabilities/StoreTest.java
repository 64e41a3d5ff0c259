package dev.procdesc.compat.c10_capabilities;

import static dev.procdesc.compat.support.Liveness.assertAlive;
import static dev.procdesc.compat.support.Liveness.assertDead;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.DeathGuard;
import dev.procdesc.DescriptorStore;
import dev.procdesc.Feature;
import dev.procdesc.InheritedDescriptors;
import dev.procdesc.MissingRightException;
import dev.procdesc.Platform;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.Right;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Differences;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.ChildJvm;
import dev.procdesc.compat.support.Errors;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Manager;
import dev.procdesc.compat.support.RawPipe;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Scenario;
import dev.procdesc.testing.Await;
import dev.procdesc.testing.Timeouts;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import jnr.constants.platform.Errno;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Processes in the file descriptor store of a service manager. */
@ExtendWith(LeakCheck.class)
final class StoreTest {
  private static final int ENOUGH = 16;

  @TempDir
  Path directory;

  @BeforeEach
  void features() {
    Requires.feature(Feature.DESCRIPTOR_CHANNEL);
  }

  private String path() {
    return directory.resolve("notify").toString();
  }

  private Manager manager(int maximum) throws IOException {
    return Manager.start(path(), maximum, directory.resolve("output"));
  }

  private static boolean hasLifeline() {
    return Platform.current().deathGuard() == DeathGuard.GUARDIAN;
  }

  @Test
  @Contract({"C6", "C10"})
  void theStoreIsAHolder() throws Exception {
    Requires.feature(Feature.KILL_ON_JVM_DEATH);
    try (RawPipe pipe = RawPipe.open()) {
      try (Manager manager = manager(ENOUGH)) {
        ChildProcess process = Run.spawnStaying(pipe);
        DescriptorStore store = DescriptorStore.of(path());
        assertEquals(OptionalInt.empty(), store.maximum());
        store.put("job", process);
        process.close();
        assertTrue(store.await(Timeouts.CEILING));
        List<String> expected = new ArrayList<>(List.of("FDSTORE=1|FDPOLL=0|FDNAME=job with 1"));
        if (hasLifeline()) {
          assertEquals("job.lifeline:job", manager.names());
          expected.add("FDSTORE=1|FDPOLL=0|FDNAME=job.lifeline with 1");
        } else {
          assertEquals("job", manager.names());
        }
        expected.add("BARRIER=1 with 1");
        assertEquals(expected, manager.log());
        assertAlive(pipe);
      }
      assertDead(pipe); // With its manager, the store has ended.
    }
  }

  @Test
  @Contract({"C6", "C10"})
  void whatIsRemovedDies() throws Exception {
    Requires.feature(Feature.KILL_ON_JVM_DEATH);
    try (Manager manager = manager(ENOUGH);
        RawPipe pipe = RawPipe.open();
        RawPipe other = RawPipe.open();
        ChildProcess kept = Run.spawnStaying(other)) {
      ChildProcess process = Run.spawnStaying(pipe);
      DescriptorStore store = DescriptorStore.of(path());
      store.put("job", process);
      store.put("kept", kept);
      process.close();
      assertTrue(store.await(Timeouts.CEILING));
      assertEquals(hasLifeline() ? 5 : 3, manager.log().size());
      store.remove("job");
      assertDead(pipe);
      assertEquals(
          List.of(
              "FDSTOREREMOVE=1|FDNAME=job.lifeline with 0", "FDSTOREREMOVE=1|FDNAME=job with 0"),
          manager.log());
      store.remove("never put");
      store.put("job", kept); // The name is free again.
      assertAlive(other);
      assertTrue(kept.isAlive());
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  @Tag(Tags.JVM)
  @Contract({"C6", "C7", "C10"})
  void theNextServiceTakesWhatTheKilledOneStored(boolean named) throws Exception {
    Requires.feature(Feature.KILL_ON_JVM_DEATH);
    Requires.feature(Feature.CHILD_SETUP);
    Requires.that(!named || Differences.hasAbstractSockets(), "sockets with abstract names");
    String address = named ? "@procdesc-" + ProcessHandle.current().pid() : path();
    Path fifo = directory.resolve("fifo");
    try (Manager manager = Manager.start(address, ENOUGH, directory.resolve("output"));
        RawPipe pipe = RawPipe.open()) {
      ChildProcess process = Run.spawnStaying(pipe);
      long pid = process.pid();
      DescriptorStore.of(address).put("job", process);
      process.close();
      for (int i = 0; i < 2; i++) {
        manager.start(ChildJvm.of(Takes.class, Long.toString(pid), fifo.toString()));
        Await.until(
            "the service has taken the process, or has ended",
            () -> Files.exists(fifo) || manager.output().contains("Exception"));
        assertTrue(Files.exists(fifo), manager.output());
        assertEquals(-9, manager.kill());
        assertAlive(pipe);
        Files.delete(fifo);
      }
      manager.start(ChildJvm.of(Takes.class, Long.toString(pid)));
      assertEquals(0, manager.await(), manager.output());
      assertDead(pipe);
      assertEquals("", manager.names());
    }
  }

  /** Takes a process; then waits to be killed if it has a file to create, else ends the process. */
  public static final class Takes implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      DescriptorStore store = DescriptorStore.ofNotifySocket().orElseThrow();
      assertEquals(OptionalInt.of(ENOUGH), store.maximum());
      ProcessDescriptor job = InheritedDescriptors.take().process("job").orElseThrow();
      assertEquals(Long.parseLong(arguments[0]), job.pid());
      assertAlive(job);
      var refused = assertThrows(IllegalStateException.class, () -> store.put("job", job));
      assertTrue(String.valueOf(refused.getMessage()).contains("predecessor"), refused.toString());
      if (arguments.length > 1) {
        Files.createFile(Path.of(arguments[1]));
        Thread.sleep(Timeouts.CEILING.toMillis()); // Until it is killed.
      }
      store.remove("job");
      assertTrue(store.await(Timeouts.CEILING));
      assertAlive(job);
      job.close();
    }
  }

  @Test
  @Tag(Tags.JVM)
  @Contract({"C8", "C10"})
  void aFullStoreIsReported() throws Exception {
    Requires.feature(Feature.CHILD_SETUP);
    try (Manager manager = manager(3)) {
      manager.start(ChildJvm.of(Fills.class));
      assertEquals(0, manager.await(), manager.output());
      manager.start(ChildJvm.of(Finds.class));
      assertEquals(0, manager.await(), manager.output());
    }
  }

  /** Fills the store of three. */
  public static final class Fills implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      DescriptorStore store = DescriptorStore.ofNotifySocket().orElseThrow();
      assertEquals(OptionalInt.of(3), store.maximum());
      try (ChildProcess process = Run.ordinary(Run.cat()).spawn()) {
        int put = 0;
        while (put < 3 && fits(store, "job" + put, process)) {
          put++;
        }
        assertEquals(put == 1 ? 1 : 3, put); // One with a lifeline, or three without.
        assertFalse(put == 3 && fits(store, "too many", process));
        assertTrue(store.await(Timeouts.CEILING));
        Run.assertEchoes(process);
      }
    }
  }

  /** Puts a process into the store, if there is room. */
  private static boolean fits(DescriptorStore store, String name, ProcessDescriptor process)
      throws IOException {
    try {
      store.put(name, process);
      return true;
    } catch (IllegalStateException e) {
      assertTrue(String.valueOf(e.getMessage()).contains("FileDescriptorStoreMax"), e.toString());
      return false;
    }
  }

  /** Finds the store full. */
  public static final class Finds implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      DescriptorStore store = DescriptorStore.ofNotifySocket().orElseThrow();
      int there = InheritedDescriptors.announced().size();
      assertTrue(there >= 2, InheritedDescriptors.announced().toString());
      try (ChildProcess process = Run.ordinary(Run.cat()).spawn()) {
        assertFalse(there == 3 && fits(store, "more", process));
        store.remove("job0");
        assertTrue(fits(store, "more", process));
        assertTrue(store.await(Timeouts.CEILING));
      }
    }
  }

  @Test
  @Contract({"C6", "C8"})
  void aStoreOfUnknownSizeDiscardsWhatExceedsIt() throws Exception {
    Requires.feature(Feature.KILL_ON_JVM_DEATH);
    try (Manager manager = manager(0);
        RawPipe pipe = RawPipe.open()) {
      ChildProcess process = Run.spawnStaying(pipe);
      DescriptorStore store = DescriptorStore.of(path());
      store.put("job", process);
      assertTrue(store.await(Timeouts.CEILING));
      assertEquals("", manager.names());
      process.close();
      assertDead(pipe);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "unset NOTIFY_SOCKET, none",
    "NOTIFY_SOCKET=/there FDSTORE=0; export NOTIFY_SOCKET FDSTORE, none",
    "NOTIFY_SOCKET=/there FDSTORE=x; export NOTIFY_SOCKET FDSTORE, FDSTORE=x",
    "NOTIFY_SOCKET=vsock:2:1; export NOTIFY_SOCKET, vsock:2:1",
    "NOTIFY_SOCKET=/there; export NOTIFY_SOCKET; unset FDSTORE, some"
  })
  @Tag(Tags.JVM)
  @Contract("C10")
  void theEnvironmentNamesTheStore(String script, String outcome) {
    ChildJvm.of(Asks.class, outcome).startedBy(script + "; exec \"$@\"").run();
  }

  /** Asks for the store. */
  public static final class Asks implements Scenario {
    @Override
    public void run(String... arguments) {
      switch (arguments[0]) {
        case "none" -> assertEquals(Optional.empty(), DescriptorStore.ofNotifySocket());
        case "some" ->
          assertEquals(
              OptionalInt.empty(),
              DescriptorStore.ofNotifySocket().orElseThrow().maximum());
        default -> {
          var refused = assertThrows(RuntimeException.class, DescriptorStore::ofNotifySocket);
          String text = String.valueOf(refused.getMessage());
          assertTrue(text.contains(arguments[0]), refused.toString());
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "/", "@", "relative", "vsock:2:1", "/nul\0"})
  @Contract("C10")
  void whatIsNoAddressIsRefused(String address) {
    assertThrows(IllegalArgumentException.class, () -> DescriptorStore.of(address));
  }

  @Test
  @Contract("C10")
  void addressesThatAreTooLongAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> DescriptorStore.of("/" + "x".repeat(108)));
    assertThrows(IllegalArgumentException.class, () -> DescriptorStore.of("@" + "x".repeat(108)));
  }

  @Test
  @Contract({"C8", "C10"})
  void badRequestsSendNothing() throws Exception {
    try (Manager manager = manager(ENOUGH);
        ChildProcess process = Run.ordinary(Run.cat()).spawn()) {
      DescriptorStore store = DescriptorStore.of(path());
      for (String name : List.of("", "a:b", "line\n", "x".repeat(247), "a.lifeline")) {
        assertThrows(IllegalArgumentException.class, () -> store.put(name, process), name);
        assertThrows(IllegalArgumentException.class, () -> store.remove(name), name);
      }
      try (ProcessDescriptor weak = process.restrict(Right.DUPLICATE, Right.WAIT)) {
        assertThrows(MissingRightException.class, () -> store.put("job", weak));
      }
      assertEquals(List.of(), manager.log());
      store.put("job", process); // The name is not in use.
      assertThrows(IllegalStateException.class, () -> store.put("job", process));
      store.put("x".repeat(246), process);
      assertTrue(store.await(Timeouts.CEILING));
      assertEquals(hasLifeline() ? 5 : 3, manager.log().size());
      Run.assertEchoes(process);
    }
  }

  @Test
  @Contract({"C8", "C10"})
  void aManagerThatDoesNotListenIsReported() throws Exception {
    try (ChildProcess process = Run.ordinary(Run.cat()).spawn()) {
      DescriptorStore store = DescriptorStore.of(path());
      assertErrno(Set.of(Errno.ENOENT), () -> store.put("job", process));
      Files.createFile(Path.of(path()));
      // Linux reports the former for every file that is no socket, FreeBSD the latter.
      Set<Errno> refused = Set.of(Errno.ECONNREFUSED, Errno.ENOTSOCK);
      assertErrno(refused, () -> store.put("job", process));
      assertErrno(refused, () -> store.remove("job"));
      assertErrno(refused, () -> store.await(Duration.ZERO));
      Run.assertEchoes(process);
    }
  }

  private static void assertErrno(Set<Errno> expected, Executable call) {
    var e = assertThrows(ProcessDescriptorException.class, call);
    assertTrue(expected.stream().anyMatch(each -> Errors.number(each) == e.errno()), e.toString());
  }

  @Test
  @Contract({"C8", "C10"})
  void aManagerThatDoesNotReadIsWaitedFor() throws Exception {
    try (Manager manager = manager(10_000);
        ChildProcess process = Run.ordinary(Run.cat()).spawn()) {
      DescriptorStore store = DescriptorStore.of(path());
      manager.hears(false);
      assertFalse(store.await(Duration.ofMillis(1)));
      AtomicReference<Throwable> failure = new AtomicReference<>();
      int[] put = {0};
      Thread writer = new Thread(() -> {
        try {
          while (true) {
            store.put("job" + put[0], process);
            put[0]++;
          }
        } catch (Throwable e) {
          failure.set(e);
        }
      });
      writer.start();
      Await.inside(writer, "pollInKernel"); // The queue is full.
      writer.interrupt();
      Await.end(writer);
      assertTrue(
          failure.get() instanceof ClosedByInterruptException, String.valueOf(failure.get()));
      manager.hears(true);
      assertTrue(store.await(Timeouts.CEILING));
      store.put("after", process);
      assertTrue(store.await(Timeouts.CEILING));
      assertTrue(manager.names().contains("after"), manager.names());
      Run.assertEchoes(process);
    }
  }
}
