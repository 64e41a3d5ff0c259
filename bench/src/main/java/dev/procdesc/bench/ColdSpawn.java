package dev.procdesc.bench;

import dev.procdesc.ChildProcess;
import dev.procdesc.Platform;
import dev.procdesc.Spawner;

/** A JVM that performs one spawn only, and prints its duration in nanoseconds. */
final class ColdSpawn {
  /** The name of the thread that loads classes which a first spawn is about to need. */
  private static final String PRELOAD = "procdesc-preload";

  private ColdSpawn() {}

  private static void awaitPreload() throws InterruptedException {
    for (Thread thread : Thread.getAllStackTraces().keySet()) {
      if (thread.getName().equals(PRELOAD)) {
        thread.join();
      }
    }
  }

  /**
   * Runs the spawn.
   *
   * @param args the library to use: {@code procdesc} or any other word for {@code ProcessBuilder};
   *     or {@code preload}, to start the library without a spawn
   * @throws Exception if anything fails
   */
  public static void main(String[] args) throws Exception {
    long start = System.nanoTime();
    if (args[0].equals("procdesc")) {
      try (ChildProcess child = Spawner.of("/bin/true").spawn()) {
        child.waitFor();
      }
    } else if (args[0].equals("preload")) {
      Spawner.of("/bin/true");
      Platform.current();
      awaitPreload();
    } else {
      new ProcessBuilder("/bin/true").inheritIO().start().waitFor();
    }
    System.out.println(System.nanoTime() - start);
  }
}
