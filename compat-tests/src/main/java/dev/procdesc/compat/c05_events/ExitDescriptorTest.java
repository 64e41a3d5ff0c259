package dev.procdesc.compat.c05_events;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.ClosedDescriptorException;
import dev.procdesc.ExitDescriptor;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.Feature;
import dev.procdesc.MissingRightException;
import dev.procdesc.OnClose;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.Right;
import dev.procdesc.Signal;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.DescriptorShortage;
import dev.procdesc.compat.support.Descriptors;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Poll;
import dev.procdesc.compat.support.Run;
import dev.procdesc.testing.Await;
import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import jnr.constants.platform.Errno;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Tests the ordinary descriptor that reports the end of a process to any event loop. */
@ExtendWith(LeakCheck.class)
final class ExitDescriptorTest {
  private static void assertReports(int fd) {
    Poll.readable(fd);
    assertEquals("", Descriptors.read(fd));
  }

  @Test
  @Contract("C5")
  void itIsReadableAtTheEnd() throws Exception {
    try (ChildProcess child = Run.sh("read -r line; exit 3").spawn();
        ExitDescriptor exit = child.exitDescriptor()) {
      int fd = exit.fd();
      assertTrue(Descriptors.isCloseOnExec(fd));
      assertFalse(Descriptors.isBlocking(fd));
      assertEquals(0, Poll.now(fd));
      child.stdin().close();
      assertReports(fd);
      assertEquals(Optional.of(new Exited(3)), child.poll());
      assertReports(fd);
    }
  }

  @Test
  @Contract("C5")
  void thatOfAnEndedProcessIsReadableAtOnce() throws Exception {
    try (ChildProcess child = Run.sh("exit 0").spawn()) {
      Run.end(child);
      try (ExitDescriptor exit = child.exitDescriptor()) {
        assertNotEquals(0, Poll.now(exit.fd()));
        assertEquals("", Descriptors.read(exit.fd()));
      }
    }
  }

  @Test
  @Contract("C5")
  void oneLoopWatchesManyChildren() throws Exception {
    List<ChildProcess> children = new ArrayList<>();
    List<ExitDescriptor> exits = new ArrayList<>();
    try {
      for (int i = 0; i < 20; i++) {
        children.add(Run.cat().spawn());
        exits.add(children.get(i).exitDescriptor());
      }
      for (int i = 0; i < children.size(); i++) {
        children.get(i).kill();
        assertReports(exits.get(i).fd());
        for (int later = i + 1; later < exits.size(); later++) {
          assertEquals(0, Poll.now(exits.get(later).fd()));
        }
      }
    } finally {
      exits.forEach(ExitDescriptor::close);
      children.forEach(ChildProcess::close);
    }
  }

  @Test
  @Contract("C5")
  @Tag(Tags.PIDS)
  void aProcessNeedNotBeAChild() throws Exception {
    Requires.feature(Feature.OPEN_PROCESS);
    try (ChildProcess child = Run.cat().spawn();
        ProcessDescriptor opened = ProcessDescriptor.open(child.pid());
        ExitDescriptor exit = opened.exitDescriptor()) {
      assertEquals(0, Poll.now(exit.fd()));
      child.stdin().close();
      Run.end(child);
      assertReports(exit.fd());
      assertFalse(opened.isAlive());
    }
  }

  @Test
  @Contract({"C5", "C6"})
  void aCloseThatKillsIsReported() throws Exception {
    ChildProcess child = Run.cat().spawn();
    try (ExitDescriptor exit = child.exitDescriptor()) {
      child.close();
      assertReports(exit.fd());
      assertEquals(Optional.of(Run.signaled(Signal.KILL)), child.poll());
      try (ExitDescriptor later = child.exitDescriptor()) {
        assertReports(later.fd());
      }
    }
  }

  /** Otherwise a loop would wait forever for what nobody observes any more. */
  @Test
  @Contract({"C5", "C6"})
  void aCloseThatReleasesIsReported() throws Exception {
    ChildProcess child = Run.cat().onClose(OnClose.RELEASE).spawn();
    try (ExitDescriptor exit = child.exitDescriptor()) {
      child.close();
      assertReports(exit.fd());
      assertThrows(ClosedDescriptorException.class, child::poll);
      assertThrows(ClosedDescriptorException.class, child::exitDescriptor);
    } finally {
      child.stdin().close();
      assertEquals(-1, child.stdout().read());
      child.stdout().close();
    }
  }

  @Test
  @Contract("C5")
  void aDetachedNumberStillReports() throws Exception {
    try (ChildProcess child = Run.cat().spawn()) {
      ExitDescriptor exit = child.exitDescriptor();
      int fd = exit.detach();
      assertThrows(ClosedDescriptorException.class, exit::fd);
      assertThrows(ClosedDescriptorException.class, exit::detach);
      exit.close();
      assertEquals(0, Poll.now(fd));
      child.kill();
      assertReports(fd);
      Descriptors.close(fd);
    }
  }

  @Test
  @Contract({"C5", "C8"})
  void aClosedOneLeavesNothing() throws Exception {
    try (ChildProcess child = Run.cat().spawn()) {
      Run.assertEchoes(child);
      for (int i = 0; i < 100; i++) {
        ExitDescriptor exit = child.exitDescriptor();
        exit.close();
        exit.close();
        assertThrows(ClosedDescriptorException.class, exit::fd);
        assertThrows(ClosedDescriptorException.class, exit::detach);
      }
      Run.assertEchoes(child);
    }
  }

  /** The collector closes it, and not the process. */
  @Test
  @Contract({"C5", "C8"})
  void aForgottenOneIsClosed() throws Exception {
    try (ChildProcess child = Run.cat().spawn()) {
      Map.Entry<Integer, String> forgotten = forget(child);
      Await.until("it is collected", () -> {
        System.gc();
        return !forgotten.getValue().equals(Descriptors.open().get(forgotten.getKey()));
      });
      Run.assertEchoes(child);
    }
  }

  /** Returns the number and the file of a descriptor to which nothing refers any more. */
  private static Map.Entry<Integer, String> forget(ProcessDescriptor process)
      throws ProcessDescriptorException {
    ExitDescriptor exit = process.exitDescriptor();
    try {
      return Map.entry(exit.fd(), requireNonNull(Descriptors.open().get(exit.fd())));
    } finally {
      Reference.reachabilityFence(exit); // A collection may come at any time.
    }
  }

  @Test
  @Contract({"C5", "C8"})
  void withoutDescriptorsThereIsOneClearError() throws Throwable {
    try (ChildProcess child = Run.cat().spawn()) {
      child.exitDescriptor().close();
      DescriptorShortage.during(0, () -> {
        ProcessDescriptorException refused =
            assertThrows(ProcessDescriptorException.class, child::exitDescriptor);
        assertEquals(Errno.EMFILE.intValue(), refused.errno());
      });
      try (ExitDescriptor exit = child.exitDescriptor()) {
        child.kill();
        assertReports(exit.fd());
      }
    }
  }

  @Test
  @Contract({"C5", "C10"})
  void itNeedsTheRightToBeNotified() throws Exception {
    try (ChildProcess child = Run.cat().spawn();
        ProcessDescriptor waiting = child.restrict(Right.WAIT);
        ProcessDescriptor notified = child.restrict(Right.EVENT)) {
      assertThrows(MissingRightException.class, waiting::exitDescriptor);
      try (ExitDescriptor exit = notified.exitDescriptor()) {
        child.kill();
        assertReports(exit.fd());
      }
    }
  }
}
