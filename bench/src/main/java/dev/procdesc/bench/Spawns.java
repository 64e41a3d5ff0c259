package dev.procdesc.bench;

import dev.procdesc.ChildProcess;
import dev.procdesc.OnClose;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import java.io.IOException;

/**
 * The spawns of the library and of the JDK that are measured, each from the call until the exit
 * status is there and everything is closed. Depends on no other class of this program, because it
 * is also run with the library of an older build.
 */
final class Spawns {
  /** An ordinary program, which loads the C library and exits. */
  static final String PROGRAM = "/bin/true";

  /**
   * A child like that of the C program: it inherits the standard descriptors, and no guard kills it
   * when the parent dies. The cost of the guard is a separate row.
   */
  static final Spawner RELEASED = Spawner.of(PROGRAM).onClose(OnClose.RELEASE);

  private static final Spawner PIPED =
      RELEASED.stdin(Stdio.pipe()).stdout(Stdio.pipe()).stderr(Stdio.pipe());

  private Spawns() {}

  /**
   * Returns the duration in nanoseconds, including the close, which the C program does not need.
   */
  static long procdesc(Spawner spawner) throws IOException, InterruptedException {
    long start = System.nanoTime();
    try (ChildProcess child = spawner.spawn()) {
      check(child.waitFor().isSuccess());
    }
    return System.nanoTime() - start;
  }

  /** Returns the duration in nanoseconds of a child with three pipes. */
  static long procdescPiped() throws IOException, InterruptedException {
    long start = System.nanoTime();
    try (ChildProcess child = PIPED.spawn()) {
      check(child.waitFor().isSuccess());
      // The caller must close the pipes of a released child.
      child.stdin().close();
      child.stdout().close();
      child.stderr().close();
    }
    return System.nanoTime() - start;
  }

  /** Returns the duration in nanoseconds. ProcessBuilder creates pipes by default. */
  static long processBuilder(boolean inherit) throws IOException, InterruptedException {
    long start = System.nanoTime();
    ProcessBuilder builder = new ProcessBuilder(PROGRAM);
    Process process = (inherit ? builder.inheritIO() : builder).start();
    check(process.waitFor() == 0);
    if (!inherit) {
      process.getOutputStream().close();
      process.getInputStream().close();
      process.getErrorStream().close();
    }
    return System.nanoTime() - start;
  }

  /** Throws an exception if the program failed. */
  static void check(boolean success) {
    if (!success) {
      throw new IllegalStateException(PROGRAM + " failed");
    }
  }
}
