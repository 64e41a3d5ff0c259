package dev.procdesc.compat.c05_events;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.DeathGuard;
import dev.procdesc.DescriptorChannel;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.Feature;
import dev.procdesc.Platform;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.Signal;
import dev.procdesc.SpawnException;
import dev.procdesc.Spawner;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.ChildJvm;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Scenario;
import dev.procdesc.testing.Await;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import jdk.jfr.Recording;
import jdk.jfr.ValueDescriptor;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Tests the events of the Flight Recorder, and that a JVM needs none of its classes. */
@ExtendWith(LeakCheck.class)
@Tag(Tags.JVM)
final class FlightRecorderTest {
  private static final String MODULE = "jdk.jfr";

  private static ChildJvm jvm(Class<? extends Scenario> scenario) {
    Requires.that(ModuleLayer.boot().findModule(MODULE).isPresent(), "the module " + MODULE);
    return ChildJvm.of(scenario);
  }

  @Test
  @Contract("C5")
  void everyEventIsRecorded() {
    jvm(FromTheStart.class).run();
  }

  @Test
  @Contract("C5")
  void aRecordingMayStartAtAnyTime() {
    jvm(Later.class).run();
  }

  @Test
  @Contract({"C5", "C9"})
  void noClassOfTheRecorderIsLoadedWithoutARecording() {
    ChildJvm.of(Never.class).run();
  }

  @Test
  @Contract({"C5", "C9"})
  void theModuleMayBeAbsent() {
    ChildJvm.of(Never.class)
        .flag("--limit-modules=java.base,java.logging,jdk.unsupported")
        .run();
  }

  /** A JVM in which nothing records. */
  public static final class Never implements Scenario {
    @Override
    @SuppressWarnings("deprecation") // The successor does not search the boot loader.
    public void run(String... arguments) throws Exception {
      try (ChildProcess child = Run.ordinary(Spawner.of(Run.TRUE)).spawn()) {
        assertEquals(new Exited(0), child.waitFor());
      }
      assertNull(Package.getPackage(MODULE), "a class of " + MODULE + " is loaded");
    }
  }

  /** A recording in this JVM. */
  private static final class Events implements AutoCloseable {
    private final Recording recording = new Recording();

    Events() {
      recording.start();
    }

    /** Returns the events of the library with a name, and stops no recording. */
    List<RecordedEvent> named(String name) {
      try {
        Path file = Files.createTempFile("recording", ".jfr");
        try {
          recording.dump(file);
          return RecordingFile.readAllEvents(file).stream()
              .filter(event -> event.getEventType().getName().equals("dev.procdesc." + name))
              .toList();
        } finally {
          Files.delete(file);
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    RecordedEvent of(String name, ChildProcess child) {
      List<RecordedEvent> events = named(name).stream()
          .filter(event -> event.getLong("pid") == child.pid())
          .toList();
      assertEquals(1, events.size(), () -> name + " of " + child + ": " + named(name));
      return events.get(0);
    }

    @Override
    public void close() {
      recording.close();
    }
  }

  private static boolean hasGuardian() {
    return Platform.current().deathGuard() == DeathGuard.GUARDIAN;
  }

  /** A JVM that records from its start. */
  public static final class FromTheStart implements Scenario {
    private static final String SECRET = "s3cret";

    @Override
    public void run(String... arguments) throws Exception {
      try (Events events = new Events()) {
        Requires.feature(Feature.KILL_ON_JVM_DEATH); // Starts the guardian.
        ends(events);
        fails(events);
        isKilled(events);
        isSent(events);
        hasNoSecret(events);
        if (hasGuardian()) {
          guards(events);
        }
      }
    }

    private static void ends(Events events) throws Exception {
      ChildProcess child = Spawner.of("/bin/sh", "-c", "exit 3", SECRET).spawn();
      try (child) {
        assertEquals(new Exited(3), child.waitFor());
      }
      RecordedEvent spawn = events.of("Spawn", child);
      assertEquals("/bin/sh", spawn.getString("program"));
      assertEquals("KILL", spawn.getString("onClose"));
      assertTrue(
          Stream.of("clone3", "clone", "launcher", "pdrfork", "pdfork", "posix_spawn")
              .anyMatch(spawn.getString("mechanism")::equals),
          spawn::toString);
      assertTrue(spawn.getDuration().compareTo(Duration.ZERO) > 0, spawn::toString);
      RecordedEvent end = events.of("ChildExit", child);
      assertEquals("Exited[code=3]", end.getString("status"));
      assertTrue(end.getDuration().compareTo(Duration.ZERO) > 0, end::toString);
      assertEquals(List.of(), events.named("KillOnClose"));
    }

    private static void fails(Events events) {
      assertThrows(
          SpawnException.class, () -> Spawner.of("/no/such/program", SECRET).spawn());
      RecordedEvent failure = events.named("SpawnFailure").get(0);
      assertEquals("/no/such/program", failure.getString("program"));
      assertEquals("EXECUTE, errno 2", failure.getString("failure"));
    }

    private static void isKilled(Events events) throws Exception {
      ChildProcess child = Run.cat().spawn();
      child.close();
      assertEquals(Optional.of(Run.signaled(Signal.KILL)), child.poll());
      assertEquals(child.pid(), events.of("KillOnClose", child).getLong("pid"));
      assertEquals(
          "Signaled[signal=SIGKILL, coreDumped=false]",
          events.of("ChildExit", child).getString("status"));
    }

    private static void isSent(Events events) throws Exception {
      Requires.feature(Feature.DESCRIPTOR_CHANNEL);
      try (DescriptorChannel.Pair ends = DescriptorChannel.pair();
          ChildProcess child = Run.cat().spawn()) {
        ends.first().send(new byte[] {1, 2, 3}, child);
        DescriptorChannel.Message message = ends.second().receive();
        message.descriptors().forEach(ProcessDescriptor::close);
      }
      for (String name : List.of("DescriptorSend", "DescriptorReceive")) {
        List<RecordedEvent> transfers = events.named(name);
        assertEquals(1, transfers.size(), name);
        assertEquals(3, transfers.get(0).getLong("bytes"));
        assertEquals(1, transfers.get(0).getInt("processes"));
      }
    }

    private static void hasNoSecret(Events events) {
      for (String name : List.of("Spawn", "SpawnFailure", "ChildExit")) {
        for (RecordedEvent event : events.named(name)) {
          for (ValueDescriptor field : event.getFields()) {
            Object value = event.getValue(field.getName());
            assertFalse(String.valueOf(value).contains(SECRET), event::toString);
          }
        }
      }
    }

    private static void guards(Events events) throws Exception {
      RecordedEvent first = events.named("GuardianStart").get(0);
      assertFalse(first.getBoolean("replacement"));
      ProcessHandle guardian = Platform.current().guardian().orElseThrow();
      assertEquals(guardian.pid(), first.getLong("pid"));
      try (ChildProcess child = Run.cat().spawn()) {
        guardian.destroyForcibly();
        Await.until(
            "there is another guardian",
            () -> Platform.current()
                .guardian()
                .filter(other -> other.pid() != guardian.pid())
                .isPresent());
        Await.until("its start is recorded", () -> events.named("GuardianStart").size() == 2);
        Run.assertEchoes(child);
      }
      RecordedEvent second = events.named("GuardianStart").get(1);
      assertNotEquals(guardian.pid(), second.getLong("pid"));
      assertTrue(second.getBoolean("replacement"));
      assertEquals(1, second.getInt("children"));
    }
  }

  /** A JVM in which a recording starts after the first spawn, as by {@code jcmd}. */
  public static final class Later implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      try (ChildProcess old = Run.ordinary(Run.cat()).spawn()) {
        try (Events events = new Events()) {
          // The library looks for a recorder several times a second.
          Await.until("spawns are recorded", () -> {
            spawnOne();
            return !events.named("Spawn").isEmpty();
          });
          old.stdin().close();
          assertEquals(new Exited(0), Run.end(old));
          RecordedEvent end = events.of("ChildExit", old);
          assertEquals("Exited[code=0]", end.getString("status"));
          assertEquals(Duration.ZERO, end.getDuration(), "the lifetime is unknown");
        }
      }
    }

    private static void spawnOne() {
      try (ChildProcess child = Run.ordinary(Spawner.of(Run.TRUE)).spawn()) {
        assertEquals(new Exited(0), child.waitFor());
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }
  }
}
