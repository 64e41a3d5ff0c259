package dev.procdesc.compat.c07_death;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.DescriptorChannel;
import dev.procdesc.DescriptorStore;
import dev.procdesc.Feature;
import dev.procdesc.InheritedDescriptor;
import dev.procdesc.InheritedDescriptors;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Rounds;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.ChildJvm;
import dev.procdesc.compat.support.KillableJvm;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Manager;
import dev.procdesc.compat.support.Scenario;
import dev.procdesc.compat.support.WatchedChildren;
import dev.procdesc.testing.Await;
import dev.procdesc.testing.Timeouts;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * Supervisors that are killed at random moments of their restart, each with a successor. A child
 * lives exactly as long as a supervisor or a store holds it: none is lost, and none is orphaned.
 */
@ExtendWith(LeakCheck.class)
@Tag(Tags.JVM)
@Tag(Tags.LONG)
final class RestartTest {
  /** The number of children that each supervisor starts. */
  private static final int STARTED = 3;

  /** The number of children with which a supervisor continues. */
  private static final int KEPT = 6;

  @TempDir
  Path directory;

  @BeforeEach
  void features() {
    Requires.feature(Feature.KILL_ON_JVM_DEATH);
    Requires.feature(Feature.CHILD_SETUP);
    Requires.feature(Feature.DESCRIPTOR_CHANNEL);
  }

  /** The reports of the supervisors, in a file, so that they survive their death. */
  private record Diary(Path file) {
    static Diary in(Path directory) {
      return new Diary(directory.resolve("diary"));
    }

    void write(String line) throws IOException {
      Files.writeString(file, line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    List<String> lines() {
      try {
        return Files.exists(file) ? Files.readAllLines(file) : List.of();
      } catch (IOException e) {
        throw new AssertionError(e);
      }
    }

    boolean has(String line) {
      return lines().contains(line);
    }

    /** Returns the names after a word, in the lines of some supervisor or of all. */
    Set<String> names(String word) {
      Set<String> names = new TreeSet<>();
      for (String line : lines()) {
        if (line.startsWith(word + " ")) {
          names.add(line.substring(word.length() + 1));
        }
      }
      return names;
    }
  }

  private static String name(int round, int child) {
    return "child" + round + "-" + child;
  }

  private static void expect(WatchedChildren children, int round) {
    for (int i = 0; i < STARTED; i++) {
      children.expect(name(round, i));
    }
  }

  private ChildJvm supervisor(Class<? extends Scenario> scenario, int round, String more) {
    // A JVM that is killed while it starts leaves files, such as the library of jffi.
    return KillableJvm.cheap(
            ChildJvm.of(scenario, directory.toString(), Integer.toString(round), more))
        .property("java.io.tmpdir", directory.toString());
  }

  /** The random moments: up to a little more than the time that a supervisor takes to be ready. */
  private static final class Moments {
    private final long seed = System.nanoTime();
    private final Random random = new Random(seed);
    private long longest;

    /** Waits for nothing: it only varies the moment of the death. */
    void pass() {
      long end = System.nanoTime() + (long) (random.nextDouble() * 1.2 * longest);
      while (System.nanoTime() < end) {
        LockSupport.parkNanos(end - System.nanoTime());
      }
    }

    void learn(long nanos) {
      longest = Math.max(longest, nanos);
    }
  }

  // ---- the store of a service manager

  @Test
  @Contract({"C6", "C7", "C10"})
  void aStoreOutlivesKilledSupervisors() throws Exception {
    Moments moments = new Moments();
    Diary diary = Diary.in(directory);
    try (WatchedChildren children = new WatchedChildren(directory)) {
      int held = 0;
      try (Manager manager = Manager.start(
          directory.resolve("notify").toString(), 1000, directory.resolve("output"))) {
        for (int round = 0; round < Rounds.COUNT; round++) {
          expect(children, round);
          long start = System.nanoTime();
          manager.start(supervisor(Service.class, round, ""));
          if (round == 0) {
            awaitReady(diary, 0, manager);
            moments.learn(System.nanoTime() - start);
          }
          moments.pass();
          assertEquals(-9, manager.kill(), manager.output());
          held += check(children, diary, manager);
        }
        // The last one takes all, and is not killed before.
        expect(children, Rounds.COUNT);
        manager.start(supervisor(Service.class, Rounds.COUNT, ""));
        awaitReady(diary, Rounds.COUNT, manager);
        assertEquals(Set.of(), diary.names("failed"), manager.output());
        manager.kill();
        check(children, diary, manager);
      } catch (Throwable e) {
        throw new AssertionError("seed " + moments.seed + "; diary: " + diary.lines(), e);
      }
      children.assertAllDead(); // The store is gone.
      System.out.printf(
          "  %d supervisors with a store were killed; %d children were held by it alone%n",
          Rounds.COUNT, held);
    }
  }

  private static void awaitReady(Diary diary, int round, Manager manager) {
    Await.until(
        "supervisor " + round + " is ready: " + manager.output(),
        () -> diary.has("ready " + round) || !diary.names("failed").isEmpty());
  }

  /** Checks the children while no supervisor runs; returns how many are alive. */
  private static int check(WatchedChildren children, Diary diary, Manager manager)
      throws IOException {
    List<String> stored = List.of(manager.names().split(":", -1));
    boolean lifelines = stored.stream().anyMatch(name -> name.endsWith(".lifeline"));
    Set<String> retiring = diary.names("retiring");
    Set<String> safe = new TreeSet<>(diary.names("stored"));
    safe.removeAll(retiring);
    int alive = 0;
    for (String name : children.names()) {
      boolean complete =
          stored.contains(name) && (!lifelines || stored.contains(name + ".lifeline"));
      assertTrue(complete || !safe.contains(name), () -> name + " is lost: " + stored);
      if (complete && !retiring.contains(name)) {
        children.assertAlive(name);
        alive++;
      } else if (!complete) {
        children.assertDead(name);
      }
    }
    return alive;
  }

  /** A supervisor with a store. */
  public static final class Service implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      Path directory = Path.of(arguments[0]);
      Diary diary = Diary.in(directory);
      try {
        DescriptorStore store = DescriptorStore.ofNotifySocket().orElseThrow();
        Map<String, ProcessDescriptor> held = new LinkedHashMap<>();
        for (InheritedDescriptor one : InheritedDescriptors.take().all()) {
          if (one instanceof InheritedDescriptor.OfProcess process) {
            held.put(one.name(), process.descriptor());
          } else {
            diary.write("failed: nobody can reach the process of " + one);
          }
        }
        for (int i = 0; i < STARTED; i++) {
          String name = name(Integer.parseInt(arguments[1]), i);
          ProcessDescriptor child = WatchedChildren.spawner(directory, name).spawn();
          store.put(name, child);
          diary.write("stored " + name);
          held.put(name, child);
        }
        while (held.size() > KEPT) {
          String oldest = held.keySet().iterator().next();
          diary.write("retiring " + oldest);
          store.remove(oldest);
          Optional.ofNullable(held.remove(oldest)).orElseThrow().close();
        }
        diary.write("ready " + arguments[1]);
      } catch (Throwable e) {
        diary.write("failed " + e);
        throw e;
      }
      Thread.sleep(Timeouts.CEILING.toMillis()); // Until it is killed.
    }
  }

  // ---- a hand-over

  @Test
  @Contract({"C6", "C7", "C10"})
  void childrenAreHandedToASuccessorWhileOneIsKilled() throws Exception {
    Moments moments = new Moments();
    Diary diary = Diary.in(directory);
    List<Process> running = new ArrayList<>();
    int[] ends = new int[3];
    try (WatchedChildren children = new WatchedChildren(directory)) {
      int predecessor = -1;
      Optional<Process> old = Optional.empty();
      for (int round = 0; round < Rounds.COUNT; round++) {
        expect(children, round);
        long start = System.nanoTime();
        Process young =
            supervisor(Successor.class, round, Integer.toString(predecessor)).start();
        running.add(young);
        if (old.isEmpty()) {
          awaitReady(diary, round);
          moments.learn(System.nanoTime() - start);
        } else {
          boolean killsOld = moments.random.nextBoolean();
          moments.pass();
          if (killsOld || diary.has("ready " + round)) {
            kill(old.get());
            awaitReady(diary, round);
            ends[0]++;
          } else {
            kill(young);
            // If it has told that it has all, the other one may exit; it tells which.
            int before = round;
            if (diary.has("acknowledging " + round)) {
              Await.until(
                  "supervisor " + predecessor + " has decided",
                  () -> diary.has("handed " + before) || diary.has("keeps " + before));
            }
            if (diary.has("handed " + round)) {
              Await.until("it ends", () -> !running.get(running.size() - 2).isAlive());
              ends[2]++;
              children.assertAllDead(); // Neither is there.
              old = Optional.empty();
              predecessor = -1;
              running.clear();
              continue;
            }
            ends[1]++;
            running.remove(young);
            check(children, diary, predecessor);
            continue;
          }
        }
        predecessor = round;
        old = Optional.of(young);
        running.clear();
        running.add(young);
        check(children, diary, round);
      }
      for (Process each : running) {
        kill(each);
      }
      children.assertAllDead();
      assertEquals(Set.of(), diary.names("failed"));
      System.out.printf(
          "  of %d hand-overs: predecessor killed in %d, successor in %d, both gone in %d%n",
          Rounds.COUNT, ends[0], ends[1], ends[2]);
    } catch (Throwable e) {
      throw new AssertionError("seed " + moments.seed + "; diary: " + diary.lines(), e);
    } finally {
      for (Process each : running) {
        kill(each);
      }
    }
  }

  private static void kill(Process process) throws IOException, InterruptedException {
    process.destroyForcibly().waitFor();
    process.getOutputStream().close();
    process.getInputStream().close();
  }

  private static void awaitReady(Diary diary, int round) {
    Await.until(
        "supervisor " + round + " is ready",
        () -> diary.has("ready " + round) || !diary.names("failed").isEmpty());
    assertEquals(Set.of(), diary.names("failed"));
  }

  /** Checks the children while only one supervisor runs. */
  private static void check(WatchedChildren children, Diary diary, int round) {
    Set<String> held = diary.names(round + " holds");
    held.removeAll(diary.names("retiring"));
    for (String name : children.names()) {
      if (held.contains(name)) {
        children.assertAlive(name);
      } else {
        children.assertDead(name);
      }
    }
  }

  /** A supervisor that takes the children of its predecessor, and waits for its successor. */
  public static final class Successor implements Scenario {
    private final Map<String, ProcessDescriptor> held = new LinkedHashMap<>();

    private static Path socket(Path directory, int round) {
      return directory.resolve("s" + round);
    }

    @Override
    public void run(String... arguments) throws Exception {
      Path directory = Path.of(arguments[0]);
      int round = Integer.parseInt(arguments[1]);
      int predecessor = Integer.parseInt(arguments[2]);
      Diary diary = Diary.in(directory);
      try {
        if (predecessor >= 0) {
          receive(socket(directory, predecessor), diary, round);
        }
        for (int i = 0; i < STARTED; i++) {
          String name = name(round, i);
          held.put(name, WatchedChildren.spawner(directory, name).spawn());
          diary.write(round + " holds " + name);
        }
        while (held.size() > KEPT) {
          String oldest = held.keySet().iterator().next();
          diary.write("retiring " + oldest);
          Optional.ofNullable(held.remove(oldest)).orElseThrow().close();
        }
        try (DescriptorChannel.Listener listener =
            DescriptorChannel.listen(socket(directory, round))) {
          diary.write("ready " + round);
          while (!isHanded(listener.accept(), diary)) {
            // The successor has died before it had all, so this process goes on.
          }
        }
        Runtime.getRuntime().halt(0); // Not one close each, which would not kill either.
      } catch (Throwable e) {
        diary.write("failed " + e);
        throw e;
      }
    }

    private void receive(Path socket, Diary diary, int round) throws IOException {
      try (DescriptorChannel channel = DescriptorChannel.connect(socket)) {
        channel.send(bytes(Integer.toString(round)));
        while (true) {
          DescriptorChannel.Message message = channel.receive();
          if (message.descriptors().isEmpty()) {
            diary.write("acknowledging " + round);
            channel.send(bytes("taken"));
            return;
          }
          String name = new String(message.payload(), StandardCharsets.UTF_8);
          held.put(name, message.descriptors().get(0));
          diary.write(round + " holds " + name);
        }
      } catch (IOException e) {
        diary.write("alone " + round + ": " + e);
      }
    }

    private boolean isHanded(DescriptorChannel accepted, Diary diary) throws IOException {
      String successor = "";
      try (DescriptorChannel channel = accepted) {
        successor = new String(channel.receive().payload(), StandardCharsets.UTF_8);
        for (Map.Entry<String, ProcessDescriptor> each : held.entrySet()) {
          channel.send(bytes(each.getKey()), each.getValue());
        }
        channel.send(bytes("end"));
        channel.receive();
        diary.write("handed " + successor);
        return true;
      } catch (IOException e) {
        diary.write("keeps " + successor);
        return false;
      }
    }

    private static byte[] bytes(String text) {
      return text.getBytes(StandardCharsets.UTF_8);
    }
  }
}
