package dev.procdesc.bench;

import dev.procdesc.ChildProcess;
import dev.procdesc.Spawner;

/** A JVM that does nothing but one spawn, and prints how many nanoseconds it took. */
final class ColdSpawn {
  private ColdSpawn() {}

  /**
   * Runs it.
   *
   * @param args by what to spawn
   * @throws Exception if anything fails
   */
  public static void main(String[] args) throws Exception {
    long start = System.nanoTime();
    if (args[0].equals("procdesc")) {
      try (ChildProcess child = Spawner.of("/bin/true").spawn()) {
        child.waitFor();
      }
    } else {
      new ProcessBuilder("/bin/true").inheritIO().start().waitFor();
    }
    System.out.println(System.nanoTime() - start);
  }
}
