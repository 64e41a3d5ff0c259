package dev.procdesc.compat.c01_birth;

import static dev.procdesc.compat.support.Liveness.assertAlive;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.Spawner;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Differences;
import dev.procdesc.compat.Origin;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Subjects;
import dev.procdesc.compat.contract.SpawnContract;
import dev.procdesc.compat.support.Descriptors;
import dev.procdesc.compat.support.Poll;
import dev.procdesc.compat.support.Procdesc;
import dev.procdesc.compat.support.Run;
import dev.procdesc.testing.Await;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Tests that the descriptor comes from the call that creates the child, and names that child. */
final class SpawnTest extends SpawnContract {
  SpawnTest() {
    super(Subjects.LIBRARY);
  }

  @Test
  @Contract("C1")
  @Origin({"capsicum-test: Pdfork.Simple", "capsicum-test: Pdfork.UseDescriptor"})
  void spawnReturnsAnOpenDescriptor() throws Exception {
    try (ChildProcess child = Run.cat().spawn()) {
      assertTrue(Descriptors.isOpen(child.fd()));
      assertTrue(child.pid() > 0);
      assertAlive(child);
      assertEquals(0, Poll.now(child.fd()));
      child.stdin().close();
      assertEquals(new Exited(0), Run.end(child));
      assertTrue(Descriptors.isOpen(child.fd()), "the descriptor stays open until it is closed");
    }
  }

  @Test
  @Contract({"C1", "C4"})
  void theStatusOfAChildThatExitsAtOnceIsNotLost() throws Exception {
    for (int i = 0; i < 200; i++) {
      try (ChildProcess child = Run.sh("exit 11").spawn()) {
        assertEquals(new Exited(11), Run.end(child));
      }
    }
  }

  @Test
  @Contract({"C1", "C8"})
  void theDescriptorIsCloseOnExec() throws Exception {
    try (ChildProcess child = Run.cat().spawn()) {
      assertTrue(Descriptors.isCloseOnExec(child.fd()));
    }
  }

  @Test
  @Contract("C1")
  @Origin({
    "capsicum-test: PipePdfork.FdInfo",
    "selftests/pidfd: pidfd_fdinfo_test",
    "selftests/pidfd: pidfd_open_test"
  })
  void theKernelReportsThePidBehindTheDescriptor() throws Exception {
    try (ChildProcess child = Run.cat().spawn()) {
      if (Differences.idStaysWithTheDescriptor()) {
        assertEquals(child.pid(), Procdesc.pid(child.fd()));
        child.kill();
        Run.end(child);
        assertEquals(
            child.pid(),
            Procdesc.pid(child.fd()),
            "the PID stays reserved while a descriptor is open");
        return;
      }
      Requires.file("/proc/self/fdinfo");
      assertEquals(Long.toString(child.pid()), pidOfDescriptor(child.fd()));
      child.kill();
      Run.end(child);
      // Linux reports -1 once the process is reaped, so that a recycled PID is not mistaken for it.
      Await.until(
          "the descriptor reports that its process was reaped",
          () -> pidOfDescriptor(child.fd()).equals("-1"));
    }
  }

  private static String pidOfDescriptor(int fd) {
    try {
      return Files.readAllLines(Path.of("/proc/self/fdinfo", Integer.toString(fd))).stream()
          .filter(line -> line.startsWith("Pid:"))
          .map(line -> line.substring(4).strip())
          .findFirst()
          .orElse("none");
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  @Contract("C1")
  @Origin("capsicum-test: PipePdfork.ModeBits")
  void thePermissionBitsOfTheDescriptorFollowTheSystem() throws Exception {
    try (ChildProcess child = Run.cat().spawn()) {
      assertTrue(isReadable(child.fd()));
      child.kill();
      Run.end(child);
      assertEquals(!Differences.modeBitsGoWithTheProcess(), isReadable(child.fd()));
    }
  }

  private static boolean isReadable(int fd) throws IOException {
    if (Differences.modeBitsGoWithTheProcess()) {
      return Procdesc.isReadable(fd);
    }
    Requires.file("/proc/self/fd");
    return Files.readAttributes(
            Path.of("/proc/self/fd", Integer.toString(fd)), PosixFileAttributes.class)
        .permissions()
        .contains(PosixFilePermission.OWNER_READ);
  }

  @Test
  @Contract("C1")
  void everyChildHasADistinctDescriptor() throws Exception {
    List<ChildProcess> children = new ArrayList<>();
    try {
      for (int i = 0; i < 20; i++) {
        children.add(Run.cat().spawn());
      }
      assertEquals(20, children.stream().map(ChildProcess::fd).distinct().count());
      assertEquals(20, children.stream().map(ChildProcess::pid).distinct().count());
    } finally {
      children.forEach(ChildProcess::close);
    }
  }

  @Test
  @Contract("C9")
  void aSpawnerIsImmutableAndReusable() throws Exception {
    Spawner plain = Run.sh("echo \"${PROCDESC_TEST-none}\"");
    Spawner changed = plain.environment("PROCDESC_TEST", "set");
    assertEquals("none", Run.output(plain));
    assertEquals("set", Run.output(changed));
    assertEquals("none", Run.output(plain));
  }

  @Test
  @Contract("C9")
  void toStringNamesThePid() throws Exception {
    try (ChildProcess child = Run.cat().spawn()) {
      assertFalse(child.toString().isEmpty());
      assertTrue(child.toString().contains(Long.toString(child.pid())), child.toString());
    }
  }
}
