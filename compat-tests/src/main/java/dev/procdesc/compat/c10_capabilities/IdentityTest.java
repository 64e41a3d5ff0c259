package dev.procdesc.compat.c10_capabilities;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.ClosedDescriptorException;
import dev.procdesc.DescriptorChannel;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.Feature;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.ProcessIdentity;
import dev.procdesc.Right;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.HostChild;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Poll;
import dev.procdesc.compat.support.ProcFs;
import dev.procdesc.compat.support.Run;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import jnr.constants.platform.Errno;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Identities: numbers that open the same process again, or none. */
@ExtendWith(LeakCheck.class)
@Tag(Tags.KERNELS)
final class IdentityTest {
  /** A file that sets the ID after which the kernel searches for the next free one. */
  private static final Path LAST_PID = Path.of("/proc/sys/kernel/ns_last_pid");

  /** The number of attempts to get an ID that other processes may get first. */
  private static final int REUSE_ATTEMPTS = 1000;

  @BeforeEach
  void identities() {
    Requires.feature(Feature.UNIQUE_IDENTITY);
  }

  /** Asserts that no process has an identity, and returns the message. */
  private static String assertEnded(ProcessIdentity identity) {
    var thrown =
        assertThrows(ProcessDescriptorException.class, () -> ProcessDescriptor.open(identity));
    assertEquals(Errno.ESRCH.intValue(), thrown.errno(), thrown.toString());
    return String.valueOf(thrown.getMessage());
  }

  @Test
  @Contract("C10")
  void everyDescriptorOfAProcessHasItsIdentity() throws Exception {
    try (DescriptorChannel.Pair pair = DescriptorChannel.pair();
        ChildProcess child = Run.cat().spawn();
        ChildProcess other = Run.cat().spawn();
        ProcessDescriptor copy = child.duplicate();
        ProcessDescriptor weak = child.restrict(Right.PID)) {
      ProcessIdentity identity = child.identity();
      assertEquals(child.pid(), identity.pid());
      assertEquals(identity, ProcessIdentity.parse(identity.toString()));
      assertEquals(identity, copy.identity());
      assertEquals(identity, weak.identity());
      assertNotEquals(identity.inode(), other.identity().inode());
      pair.first().send(new byte[0], child);
      try (var message = pair.second().receive()) {
        assertEquals(identity, message.descriptors().get(0).identity());
      }
      child.stdin().close();
      assertEquals(new Exited(0), Run.end(child));
      assertEquals(identity, child.identity(), "also after the end");
    }
  }

  @Test
  @Contract("C10")
  void aClosedDescriptorHasNone() throws Exception {
    ChildProcess child = Run.cat().spawn();
    child.close();
    assertThrows(ClosedDescriptorException.class, child::identity);
  }

  @Test
  @Tag(Tags.PIDS)
  @Contract({"C3", "C10"})
  void theIdentityOpensTheProcess() throws Exception {
    Requires.feature(Feature.OPEN_PROCESS);
    ProcessIdentity identity;
    try (ChildProcess child = Run.cat().spawn()) {
      identity = ProcessIdentity.parse(child.identity().toString());
      try (ProcessDescriptor opened = ProcessDescriptor.open(identity)) {
        assertTrue(opened.sameProcess(child));
        assertEquals(identity, opened.identity());
        assertEquals(child.pid(), opened.pid());
      }
      Run.assertEchoes(child); // The close of an opened descriptor does not kill.
    }
    assertEnded(identity);
  }

  @Test
  @Tag(Tags.PIDS)
  @Contract({"C3", "C10"})
  void aProcessThatHasExitedIsOpenedUntilItIsReaped() throws Exception {
    Requires.feature(Feature.OPEN_PROCESS);
    ProcessIdentity identity;
    try (HostChild host = HostChild.start("exit 0");
        ProcessDescriptor first = ProcessDescriptor.open(host.pid())) {
      identity = first.identity();
      Poll.readable(first.fd());
      ProcessDescriptor.open(identity).close();
      host.waitpid();
      assertEquals(identity, first.identity());
      assertEnded(identity);
    }
  }

  @Test
  @Tag(Tags.PIDS)
  @Contract({"C3", "C10"})
  void theIdOfAnotherProcessIsRefused() throws Exception {
    Requires.feature(Feature.OPEN_PROCESS);
    try (ChildProcess child = Run.cat().spawn();
        ChildProcess other = Run.cat().spawn()) {
      ProcessIdentity mixed = new ProcessIdentity(other.pid(), child.identity().inode());
      String message = assertEnded(mixed);
      assertTrue(message.contains(mixed.toString()), message);
      assertTrue(message.contains("another process, " + other.identity()), message);
      Run.assertEchoes(other);
    }
  }

  @Test
  @Tag(Tags.PIDS)
  @Contract({"C3", "C10"})
  void anIdThatWasReusedIsRefused() throws Exception {
    Requires.feature(Feature.OPEN_PROCESS);
    Requires.root();
    Requires.that(Files.isWritable(LAST_PID), LAST_PID + ", which can be written");
    ProcessIdentity ended;
    try (ChildProcess child = Run.cat().spawn()) {
      ended = child.identity();
    }
    try (ChildProcess heir = spawnWithId(ended.pid())) {
      assertEquals(ended.pid(), heir.pid());
      assertNotEquals(ended, heir.identity());
      String message = assertEnded(ended);
      assertTrue(message.contains("another process, " + heir.identity()), message);
      try (ProcessDescriptor opened = ProcessDescriptor.open(heir.identity())) {
        assertTrue(opened.sameProcess(heir));
      }
    }
  }

  /** Spawns children until one has an ID that was in use before. */
  private static ChildProcess spawnWithId(long pid) throws IOException {
    for (int attempt = 0; attempt < REUSE_ATTEMPTS; attempt++) {
      Files.writeString(LAST_PID, Long.toString(pid - 1));
      ChildProcess child = Run.cat().spawn();
      if (child.pid() == pid) {
        return child;
      }
      child.close();
    }
    throw new AssertionError("no child got the ID " + pid);
  }

  @Test
  @Tag(Tags.PIDS)
  @Contract({"C3", "C10"})
  void theIdOfAThreadOrOfNoneIsRefused() throws Exception {
    Requires.feature(Feature.OPEN_PROCESS);
    assertEnded(new ProcessIdentity(Integer.MAX_VALUE, 1));
    for (long thread : ProcFs.otherThreads()) {
      assertEnded(new ProcessIdentity(thread, 1));
    }
  }
}
