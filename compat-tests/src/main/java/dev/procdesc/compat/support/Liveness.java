package dev.procdesc.compat.support;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ProcessDescriptor;
import dev.procdesc.testing.Timeouts;

/**
 * Assertions about the life of a process, after the {@code EXPECT_PID_ALIVE} and
 * {@code EXPECT_PID_DEAD} of capsicum-test. A process may still be exiting when a test asserts that
 * it is dead, so {@code assertDead} waits for the exit and fails if it does not come.
 *
 * <p>A process is observed through its descriptor or, without the library, through a
 * {@link RawPipe} whose writing end it holds, or through a {@link Pidfd}.
 */
public final class Liveness {
  private Liveness() {}

  /** Asserts that a process has not exited. */
  public static void assertAlive(ProcessDescriptor process) {
    assertTrue(process.isAlive(), () -> process + " is dead");
  }

  /** Asserts that a process exits, or has exited. */
  public static void assertDead(ProcessDescriptor process) throws InterruptedException {
    assertTrue(process.waitFor(Timeouts.CEILING).isPresent(), () -> process + " is alive");
    assertFalse(process.isAlive(), () -> process + " is alive");
  }

  /** Asserts that a process holds the writing end of a pipe. */
  public static void assertAlive(RawPipe pipe) {
    assertTrue(pipe.isHeld(), "no process holds the pipe");
  }

  /** Asserts that the last process that held the writing end of a pipe exits, or has exited. */
  public static void assertDead(RawPipe pipe) {
    pipe.awaitEnd();
  }

  /** Asserts that a process has not exited. */
  public static void assertAlive(Pidfd process) {
    assertTrue(process.isAlive(), "the process is dead");
  }

  /** Asserts that a process exits, or has exited. */
  public static void assertDead(Pidfd process) {
    process.awaitEnd();
  }

  /** Asserts that a guardian has not exited. */
  public static void assertAlive(GuardianProcess guardian) {
    assertTrue(guardian.isAlive(), "the guardian is dead");
  }

  /** Asserts that a guardian exits, or has exited. */
  public static void assertDead(GuardianProcess guardian) {
    guardian.awaitEnd();
  }
}
