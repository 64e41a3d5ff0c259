package dev.procdesc.compat.c05_events;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.ChildJvm;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Scenario;
import dev.procdesc.testing.Await;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Tests the exit of a JVM with a running child. HotSpot waits up to 300 milliseconds for threads in
 * native code, so the library's threads must not be there; but a shutdown hook may wait for a
 * child.
 */
@Tag(Tags.JVM)
final class JvmExitTest {
  @Test
  @Contract("C5")
  void noThreadWaitsInTheKernelWhileTheJvmExits() {
    String output = ChildJvm.of(Exits.class).run();
    assertTrue(output.contains("seen in a shutdown hook"), output);
  }

  @Test
  @Contract("C5")
  void childrenOfShutdownHooksAreWatched() {
    String output = ChildJvm.of(Spawns.class).run();
    assertTrue(output.contains("seen in a shutdown hook"), output);
  }

  /** Runs a check in a shutdown hook; a failure becomes the exit code of the JVM. */
  private static void inHook(Await.Task<?> check) {
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      try {
        check.run();
        System.out.println("seen in a shutdown hook");
      } catch (Throwable e) {
        e.printStackTrace(System.out);
        System.out.flush();
        Runtime.getRuntime().halt(3);
      }
    }));
  }

  private static Thread watcher() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().equals("procdesc-watcher"))
        .findFirst()
        .orElseThrow();
  }

  /** Exits while the watcher and another daemon thread wait for children. */
  public static final class Exits implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      ChildProcess child = Run.cat().spawn();
      CompletableFuture<ExitStatus> ended = child.onExit();
      ChildProcess other = Run.cat().spawn();
      Thread waiter = new Thread(() -> {
        try {
          other.waitFor();
        } catch (InterruptedException e) {
          throw new AssertionError(e);
        }
      });
      waiter.setDaemon(true);
      waiter.start();
      Thread watcher = watcher();
      Await.inside(watcher, "await");
      Await.inside(waiter, "poll");
      inHook(() -> {
        // A thread in native code is RUNNABLE.
        Await.until("the watcher waits in Java", () -> waitsInJava(watcher));
        Await.until("waitFor() waits in Java", () -> waitsInJava(waiter));
        child.stdin().close();
        assertEquals(new Exited(0), Await.get(ended));
        other.stdin().close();
        Await.end(waiter);
        return true;
      });
    }

    private static boolean waitsInJava(Thread thread) {
      return thread.getState() == Thread.State.TIMED_WAITING;
    }
  }

  /** Spawns the first child in a shutdown hook. */
  public static final class Spawns implements Scenario {
    @Override
    public void run(String... arguments) {
      inHook(() -> {
        try (ChildProcess child = Run.cat().spawn()) {
          CompletableFuture<ExitStatus> ended = child.onExit();
          child.stdin().close();
          assertEquals(new Exited(0), Await.get(ended));
        }
        return true;
      });
    }
  }
}
