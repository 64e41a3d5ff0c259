package dev.procdesc.bench;

import dev.procdesc.ChildProcess;
import dev.procdesc.Spawner;

/** A JVM that performs one spawn only, and prints its duration in nanoseconds. */
final class ColdSpawn {
  private ColdSpawn() {}

  /**
   * Runs the spawn.
   *
   * @param args the library to use: {@code procdesc}, or any other word for {@code ProcessBuilder}
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
