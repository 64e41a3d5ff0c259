package dev.procdesc.compat.c10_capabilities;

import static dev.procdesc.compat.support.Liveness.assertAlive;
import static dev.procdesc.compat.support.Liveness.assertDead;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.ClosedDescriptorException;
import dev.procdesc.DescriptorChannel;
import dev.procdesc.ExitStatus;
import dev.procdesc.Feature;
import dev.procdesc.LastClose;
import dev.procdesc.MissingRightException;
import dev.procdesc.OnClose;
import dev.procdesc.Platform;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.Right;
import dev.procdesc.Signal;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Differences;
import dev.procdesc.compat.Origin;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.ConcurrentCallers;
import dev.procdesc.compat.support.Descriptors;
import dev.procdesc.compat.support.HostChild;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Libc;
import dev.procdesc.compat.support.Pidfd;
import dev.procdesc.compat.support.Poll;
import dev.procdesc.compat.support.Procdesc;
import dev.procdesc.compat.support.RawPipe;
import dev.procdesc.compat.support.Run;
import dev.procdesc.testing.Timeouts;
import java.nio.channels.Selector;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Stream;
import jnr.constants.platform.Errno;
import jnr.constants.platform.OpenFlags;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Process descriptors that this JVM has from other code, and all that is refused as such. */
@ExtendWith(LeakCheck.class)
final class AdoptTest {
  private static final String THREAD = "the pidfd of a single thread";

  @TempDir
  Path directory;

  /** Returns a copy of a process's descriptor that is none of the library's, and not CLOEXEC. */
  private static int copy(ProcessDescriptor process) {
    int fd = Descriptors.duplicate(process.fd());
    Descriptors.setCloseOnExec(fd, false);
    return fd;
  }

  @Test
  @Contract({"C3", "C4", "C8", "C10"})
  void whatOtherCodeOpenedIsOwnedFromNowOn() throws Exception {
    try (ChildProcess child = Run.cat().spawn()) {
      int fd = copy(child);
      ProcessDescriptor adopted = ProcessDescriptor.of(fd);
      assertEquals(fd, adopted.fd());
      assertTrue(Descriptors.isCloseOnExec(fd));
      assertEquals(child.pid(), adopted.pid());
      assertEquals(EnumSet.allOf(Right.class), adopted.rights());
      if (Platform.current().has(Feature.PROCESS_IDENTITY)) {
        assertTrue(adopted.sameProcess(child));
      }
      assertAlive(adopted);
      var end = adopted.onExit();
      assertTrue(adopted.signal(Signal.TERM));
      assertEquals(Run.signaled(Signal.TERM), Run.end(child));
      ExitStatus status = adopted.waitFor(Timeouts.CEILING).orElseThrow();
      if (Platform.current().has(Feature.STATUS_FOR_ANY_HOLDER)) {
        assertEquals(Run.signaled(Signal.TERM), status);
      }
      assertEquals(status, end.join());
      assertFalse(adopted.kill());
      adopted.close();
      assertFalse(Descriptors.open().containsKey(fd), "the object closes the descriptor");
      assertThrows(ClosedDescriptorException.class, adopted::fd);
      assertThrows(ClosedDescriptorException.class, adopted::lastClose);
    }
  }

  @Test
  @Contract({"C6", "C10"})
  void itsCloseIsNotTheLastOfTheChild() throws Exception {
    try (RawPipe pipe = RawPipe.open()) {
      ChildProcess child = Run.spawnStaying(pipe);
      try (ProcessDescriptor adopted = ProcessDescriptor.of(copy(child));
          ProcessDescriptor again = adopted.duplicate()) {
        assertEquals(child.pid(), again.pid());
      }
      assertAlive(pipe);
      assertAlive(child);
      child.close();
      assertDead(pipe);
    }
  }

  /** A descriptor that is no process, and how to get one. */
  private interface Opener {
    int open() throws Exception;
  }

  private Map<String, Opener> others() {
    return Map.of(
        "a file",
        () -> Descriptors.open(Files.createFile(directory.resolve("file"))),
        "a directory",
        () -> Descriptors.open(directory),
        "a character device",
        () -> Descriptors.open(Path.of("/dev/null")),
        "a terminal",
        () -> Libc.check(() -> Libc.C.posix_openpt(OpenFlags.O_RDWR.intValue())),
        "a pipe",
        AdoptTest::openPipe,
        "a socket",
        AdoptTest::openSocket,
        "anon_inode:[eventpoll]",
        AdoptTest::openEpoll,
        THREAD,
        () -> Pidfd.ofThread(ProcessHandle.current().pid()),
        "a descriptor without CAP_PDGETPID, CAP_PDKILL and CAP_EVENT",
        AdoptTest::openWeak);
  }

  static Stream<String> names() {
    return new AdoptTest()
        .others().keySet().stream()
            .filter(name -> !name.equals(THREAD) || Differences.threadsHaveDescriptors())
            .sorted();
  }

  private static int openPipe() {
    try (RawPipe pipe = RawPipe.open()) {
      return Descriptors.duplicate(pipe.readEnd());
    }
  }

  private static int openSocket() throws Exception {
    Requires.feature(Feature.DESCRIPTOR_CHANNEL);
    try (DescriptorChannel.Pair pair = DescriptorChannel.pair()) {
      return Descriptors.duplicate(pair.first().fd());
    }
  }

  private static int openEpoll() throws Exception {
    Requires.that(Differences.threadsHaveDescriptors(), "a backend that reads /proc/self/fd");
    try (Selector selector = Selector.open()) {
      assertTrue(selector.isOpen());
      int epoll = Descriptors.open().entrySet().stream()
          .filter(each -> each.getValue().equals("anon_inode:[eventpoll]"))
          .findFirst()
          .orElseThrow()
          .getKey();
      return Descriptors.duplicate(epoll);
    }
  }

  private static int openWeak() throws Exception {
    Requires.feature(Feature.KERNEL_RIGHTS);
    try (ChildProcess child = Run.cat().spawn()) {
      int fd = Descriptors.duplicate(child.fd());
      Procdesc.limitToNothing(fd);
      return fd;
    }
  }

  @ParameterizedTest
  @MethodSource("names")
  @Tag(Tags.PIDS)
  @Contract({"C8", "C10"})
  @Origin({"selftests/pidfd: pidfd_wait on non-pidfds", "capsicum-test: Pdfork.NonProcessDescriptor"
  })
  void anyOtherDescriptorIsRefusedAndNamed(String name) throws Exception {
    int fd = Objects.requireNonNull(others().get(name)).open();
    try (ChildProcess child = Run.cat().spawn()) {
      Descriptors.setCloseOnExec(fd, false);
      int process = copy(child);
      var before = Descriptors.open();
      var refused = assertThrows(IllegalArgumentException.class, () -> ProcessDescriptor.of(fd));
      assertEquals(
          "descriptor " + fd + " is no process descriptor, but " + name, refused.getMessage());
      if (!name.equals("a pipe")) {
        refused =
            assertThrows(IllegalArgumentException.class, () -> ProcessDescriptor.of(process, fd));
        String text = String.valueOf(refused.getMessage());
        assertTrue(text.startsWith("descriptor " + fd + " is no lifeline"), text);
        assertTrue(text.endsWith(name), text);
      }
      assertEquals(before, Descriptors.open(), "nothing is closed, and nothing left");
      assertFalse(Descriptors.isCloseOnExec(fd), "nothing is changed");
      assertFalse(Descriptors.isCloseOnExec(process), "nothing is changed");
      ProcessDescriptor.of(process).close();
    } finally {
      Descriptors.close(fd);
    }
  }

  @Test
  @Contract("C10")
  void whatIsNotOpenIsRefused() throws Exception {
    assertThrows(IllegalArgumentException.class, () -> ProcessDescriptor.of(-1));
    try (ChildProcess child = Run.cat().spawn()) {
      int fd = copy(child);
      assertThrows(IllegalArgumentException.class, () -> ProcessDescriptor.of(fd, -1));
      assertThrows(IllegalArgumentException.class, () -> ProcessDescriptor.of(fd, fd));
      // No process has so many descriptors.
      int number = 1 << 30;
      for (OptionalInt lifeline : List.of(OptionalInt.empty(), OptionalInt.of(fd))) {
        var refused = assertThrows(ProcessDescriptorException.class, () -> {
          if (lifeline.isPresent()) {
            ProcessDescriptor.of(number, lifeline.getAsInt()).close();
          } else {
            ProcessDescriptor.of(number).close();
          }
        });
        assertEquals(Errno.EBADF.intValue(), refused.errno());
        String text = String.valueOf(refused.getMessage());
        assertTrue(text.contains("descriptor " + number), text);
        assertTrue(text.contains("ProcessDescriptor.open takes the ID of a process"), text);
      }
      var refused =
          assertThrows(ProcessDescriptorException.class, () -> ProcessDescriptor.of(fd, number));
      assertEquals(Errno.EBADF.intValue(), refused.errno());
      assertFalse(Descriptors.isCloseOnExec(fd), "nothing is changed");
      ProcessDescriptor.of(fd).close();
    }
  }

  @Test
  @Contract({"C8", "C10", "C11"})
  void whatTheLibraryOwnsIsRefused() throws Exception {
    try (ChildProcess child = Run.cat().spawn()) {
      var owned = assertThrows(IllegalStateException.class, () -> ProcessDescriptor.of(child.fd()));
      String text = String.valueOf(owned.getMessage());
      assertTrue(text.contains("descriptor " + child.fd() + " belongs to"), text);
      assertTrue(text.contains("process " + child.pid()), text);
      int fd = copy(child);
      try (ProcessDescriptor adopted = ProcessDescriptor.of(fd)) {
        assertThrows(IllegalStateException.class, () -> ProcessDescriptor.of(fd));
        assertThrows(IllegalStateException.class, () -> ProcessDescriptor.of(child.fd(), fd));
        int other = copy(child);
        assertThrows(IllegalStateException.class, () -> ProcessDescriptor.of(other, fd));
        ProcessDescriptor.of(other).close();
        assertAlive(adopted);
      }
      if (Platform.current().has(Feature.DESCRIPTOR_CHANNEL)) {
        try (DescriptorChannel.Pair pair = DescriptorChannel.pair()) {
          assertThrows(
              IllegalStateException.class,
              () -> ProcessDescriptor.of(pair.first().fd()));
          pair.first().send(new byte[] {1}, child);
          pair.second().receive().close();
        }
      }
      Run.assertEchoes(child);
    }
  }

  @Test
  @Contract({"C8", "C10", "C11"})
  void ofSeveralCallersOneGetsTheDescriptor() throws Exception {
    try (ChildProcess child = Run.cat().spawn()) {
      for (int round = 0; round < 200; round++) {
        int fd = copy(child);
        List<Optional<ProcessDescriptor>> results;
        try (ConcurrentCallers<Optional<ProcessDescriptor>> callers =
            new ConcurrentCallers<>(Thread::new)) {
          for (int i = 0; i < 3; i++) {
            callers.add(() -> {
              try {
                return Optional.of(ProcessDescriptor.of(fd));
              } catch (IllegalStateException e) {
                return Optional.empty();
              }
            });
          }
          results = callers.results();
        }
        assertEquals(1, results.stream().filter(Optional::isPresent).count());
        assertTrue(Descriptors.isOpen(fd));
        results.forEach(each -> each.ifPresent(ProcessDescriptor::close));
      }
      Run.assertEchoes(child);
    }
  }

  @Test
  @Contract({"C6", "C10"})
  void aLifelineIsClosedWithItsProcess() throws Exception {
    try (ChildProcess child = Run.cat().spawn();
        RawPipe pipe = RawPipe.open()) {
      int fd = copy(child);
      int lifeline = Descriptors.duplicate(pipe.writeEnd());
      Descriptors.setCloseOnExec(lifeline, false);
      pipe.given();
      ProcessDescriptor adopted = ProcessDescriptor.of(fd, lifeline);
      assertTrue(Descriptors.isCloseOnExec(lifeline));
      assertEquals(LastClose.KILLS, adopted.lastClose());
      assertThrows(IllegalStateException.class, () -> ProcessDescriptor.of(lifeline));
      ProcessDescriptor copy = adopted.duplicate();
      adopted.close();
      assertAlive(pipe);
      copy.close();
      assertDead(pipe);
      assertFalse(Descriptors.open().containsKey(lifeline));
      assertAlive(child);
    }
  }

  @Test
  @Contract({"C4", "C10"})
  void aProcessThatWasReapedHasEnded() throws Exception {
    try (ChildProcess child = Run.sh("exit 45").spawn()) {
      int fd = copy(child);
      assertEquals(new ExitStatus.Exited(45), Run.end(child));
      try (ProcessDescriptor adopted = ProcessDescriptor.of(fd)) {
        assertFalse(adopted.isAlive());
        assertFalse(adopted.kill());
        ExitStatus status = adopted.waitFor(Timeouts.CEILING).orElseThrow();
        if (Platform.current().has(Feature.STATUS_FOR_ANY_HOLDER)) {
          assertEquals(new ExitStatus.Exited(45), status);
        }
        if (Differences.idStaysWithTheDescriptor()) {
          assertEquals(child.pid(), adopted.pid());
        } else {
          var unknown = assertThrows(IllegalStateException.class, adopted::pid);
          assertTrue(
              String.valueOf(unknown.getMessage()).contains("reaped before"), unknown.toString());
        }
      }
    }
  }

  @Test
  @Tag(Tags.PIDS)
  @Contract({"C2", "C4", "C10"})
  void aChildOfOtherCodeIsObservedAndNeverReaped() throws Exception {
    Requires.that(
        Differences.threadsHaveDescriptors(), "descriptors of the children of other code (Linux)");
    try (HostChild child = HostChild.start("exit 46");
        Pidfd pidfd = Pidfd.open(child.pid())) {
      Poll.readable(pidfd.fd()); // Now it is a zombie.
      int fd = Descriptors.duplicate(pidfd.fd());
      try (ProcessDescriptor adopted = ProcessDescriptor.of(fd)) {
        assertEquals(LastClose.RELEASES, adopted.lastClose());
        assertFalse(adopted.isAlive());
        assertEquals(child.pid(), adopted.pid());
        assertEquals(
            new ExitStatus.Exited(46), adopted.waitFor(Timeouts.CEILING).orElseThrow());
      }
      assertEquals(46 << 8, child.waitpid(), "the status is left to the parent");
    }
  }

  @Test
  @Contract("C10")
  void rightsAreThoseOfTheKernel() throws Exception {
    Requires.feature(Feature.KERNEL_RIGHTS);
    try (ChildProcess child = Run.cat().spawn();
        ProcessDescriptor weak = child.restrict(Right.SIGNAL, Right.EVENT);
        ProcessDescriptor adopted = ProcessDescriptor.of(copy(weak))) {
      assertEquals(
          Set.of(Right.SIGNAL, Right.EVENT, Right.SEND, Right.DUPLICATE), adopted.rights());
      assertThrows(MissingRightException.class, adopted::pid);
      assertThrows(MissingRightException.class, adopted::poll);
      assertTrue(adopted.kill());
      assertEquals(Run.signaled(Signal.KILL), Run.end(child));
    }
  }

  @Test
  @Contract({"C6", "C10"})
  void theEffectOfTheLastCloseIsReported() throws Exception {
    boolean privileges = Platform.current().has(Feature.NO_NEW_PRIVILEGES);
    try (ChildProcess released = Run.cat().onClose(OnClose.RELEASE).spawn();
        ProcessDescriptor copyOfReleased = ProcessDescriptor.of(copy(released))) {
      assertEquals(LastClose.RELEASES, released.lastClose());
      assertEquals(
          Differences.lastCloseIsReported() ? LastClose.RELEASES : LastClose.UNKNOWN,
          copyOfReleased.lastClose());
      released.kill();
      released.stdin().close();
      released.stdout().close();
    }
    try (ChildProcess child = Run.cat().noNewPrivileges(privileges).spawn();
        ProcessDescriptor weak = child.restrict(Right.EVENT);
        ProcessDescriptor adopted = ProcessDescriptor.of(copy(child))) {
      assertEquals(LastClose.KILLS, child.lastClose());
      assertEquals(LastClose.KILLS, weak.lastClose());
      boolean byKernel = Platform.current().mechanisms().stream()
          .anyMatch(each -> each.present() && each.name().startsWith("autokill"));
      assertEquals(
          !Differences.lastCloseIsReported()
              ? LastClose.UNKNOWN
              : byKernel ? LastClose.KILLS : LastClose.RELEASES,
          adopted.lastClose());
      if (Platform.current().has(Feature.OPEN_PROCESS)
          && !Platform.current().inDescriptorOnlyMode()) {
        try (ProcessDescriptor opened = ProcessDescriptor.open(child.pid())) {
          assertEquals(LastClose.RELEASES, opened.lastClose());
        }
      }
    }
  }
}
