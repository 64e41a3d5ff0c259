package dev.procdesc.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.linux.kernel.Syscalls;
import dev.procdesc.posix.ffi.Descriptors;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.io.EventQueue.Interest;
import dev.procdesc.testing.Await;
import dev.procdesc.testing.Timeouts;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Tests the registration of a process, which lasts, with the kernel. */
final class EpollQueueTest {
  private static final long TOKEN = 7;

  private static List<Long> events(EpollQueue queue, int millis) {
    List<Long> tokens = new ArrayList<>();
    queue.await(millis, tokens::add);
    return tokens;
  }

  /**
   * Tests that an exit is not reported for as long as the pidfd is readable, but once for each time
   * that the kernel wakes its holders: the exit itself, and the reap.
   */
  @Test
  void anExitIsReportedOnce() throws Exception {
    EpollQueue queue = new EpollQueue();
    queue.open();
    Process process = new ProcessBuilder("cat").start();
    int fd = Syscalls.pidfdOpen(Math.toIntExact(process.pid()), 0);
    try {
      queue.add(fd, Interest.EXIT, TOKEN);
      assertEquals(List.of(), events(queue, 0));
      process.destroyForcibly();
      assertEquals(List.of(TOKEN), events(queue, (int) Timeouts.CEILING.toMillis()));
      Await.get(process.onExit()); // The JDK has reaped it.
      assertTrue(events(queue, 0).size() <= 1, "the reap, which newer kernels report");
      assertEquals(List.of(), events(queue, 0));
      assertNotEquals(0, Descriptors.poll(fd, PosixNumbers.POLLIN, 0), "it remains readable");
    } finally {
      process.destroyForcibly();
      queue.remove(fd, Interest.EXIT);
      LibC.close(fd);
      queue.close();
    }
  }

  /** Tests a process that has ended before it is watched. */
  @Test
  void anEarlierExitIsReportedToo() throws Exception {
    EpollQueue queue = new EpollQueue();
    queue.open();
    Process process = new ProcessBuilder("cat").start();
    int fd = Syscalls.pidfdOpen(Math.toIntExact(process.pid()), 0);
    try {
      process.destroyForcibly();
      Await.get(process.onExit());
      queue.add(fd, Interest.EXIT, TOKEN);
      assertEquals(List.of(TOKEN), events(queue, 0));
      assertEquals(List.of(), events(queue, 0));
    } finally {
      process.destroyForcibly();
      queue.remove(fd, Interest.EXIT);
      LibC.close(fd);
      queue.close();
    }
  }
}
