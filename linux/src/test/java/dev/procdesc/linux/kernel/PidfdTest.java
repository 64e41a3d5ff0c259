package dev.procdesc.linux.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.procdesc.posix.ffi.LibC;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests the calls on a pidfd that have an answer for every process, living or not. */
final class PidfdTest {
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void theIdIsKnownUntilTheReap(boolean hasInfo) throws Exception {
    Process process = new ProcessBuilder("cat").start();
    int fd = Syscalls.pidfdOpen(Math.toIntExact(process.pid()), 0);
    try {
      assertEquals(OptionalLong.of(process.pid()), Pidfd.pid(fd, hasInfo));
      assertFalse(Pidfd.isHidden(fd));
      process.getOutputStream().close();
      process.waitFor();
      assertEquals(OptionalLong.empty(), Pidfd.pid(fd, hasInfo));
      assertFalse(Pidfd.isHidden(fd));
    } finally {
      LibC.close(fd);
      process.destroyForcibly();
    }
  }

  /** Tests that the report of exit statuses is found without the library's own children. */
  @Test
  void theReportOfExitStatusesIsFoundWithAThread() {
    Probes withChildren = new Probes();
    assumeTrue(withChildren.hasExitInfo(), "no PIDFD_INFO_EXIT (Linux 6.15)");
    System.setProperty(Probes.DISABLE, "stub,launcher");
    try {
      Probes without = new Probes();
      assertTrue(without.hasExitInfo(), without.exitInfo().toString());
    } finally {
      System.clearProperty(Probes.DISABLE);
    }
  }
}
