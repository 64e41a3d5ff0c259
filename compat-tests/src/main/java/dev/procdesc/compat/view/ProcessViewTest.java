package dev.procdesc.compat.view;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.ClosedDescriptorException;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.Stdio;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.contract.ProcessContract;
import dev.procdesc.compat.support.ChildJvm;
import dev.procdesc.compat.support.Descriptors;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Scenario;
import dev.procdesc.compat.support.Text;
import dev.procdesc.testing.Await;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Runs the contract on the view as {@code java.lang.Process}, and tests its differences. */
final class ProcessViewTest extends ProcessContract {
  ProcessViewTest() {
    super(ProcessViewTest::start);
  }

  private static Process start(boolean pipes, String script) throws IOException {
    Stdio stream = pipes ? Stdio.pipe() : Stdio.nullDevice();
    return Run.ordinary(Run.sh(script).stdin(stream).stdout(stream).stderr(stream))
        .spawn()
        .asProcess();
  }

  private static ChildProcess sh(String script) throws IOException {
    return Run.ordinary(Run.sh(script)).spawn();
  }

  @Test
  @Contract("C9")
  void aChildHasOneView() throws Exception {
    ChildProcess child = Run.ordinary(Run.cat()).spawn();
    Process view = child.asProcess();
    assertSame(view, child.asProcess());
    view.getOutputStream().write("one\ntwo\n".getBytes(StandardCharsets.UTF_8));
    child.asProcess().getOutputStream().close();
    assertEquals("one", Text.line(view.getInputStream()));
    assertEquals("two", Text.line(child.asProcess().getInputStream()));
    assertEquals(0, view.waitFor());
  }

  @Test
  @Contract("C3")
  void destroyingAClosedChildHasNoEffect() throws Exception {
    ChildProcess child = sh("exit 3");
    child.waitFor();
    Process view = child.asProcess();
    child.close();
    view.destroy();
    assertSame(view, view.destroyForcibly());
    assertFalse(view.toHandle().destroy());
    assertFalse(view.toHandle().destroyForcibly());
    assertEquals(3, view.exitValue());
    assertFalse(view.isAlive());
    assertFalse(view.toHandle().isAlive());
    ChildProcess running = Run.ordinary(Run.cat()).spawn();
    Process other = running.asProcess();
    running.kill();
    running.close();
    other.destroy();
    other.destroyForcibly();
    assertFalse(other.toHandle().destroy());
    other.getOutputStream().close();
    other.getInputStream().close();
  }

  @Test
  @Contract("C9")
  void aHandleOfTheJdkIsAnotherImplementation() throws Exception {
    try (ChildProcess child = Run.ordinary(Run.cat()).spawn()) {
      ProcessHandle handle = child.asProcess().toHandle();
      for (ProcessHandle other : ProcessHandle.of(child.pid()).stream().toList()) {
        assertNotEquals(handle, other);
        assertNotEquals(other, handle);
        assertNotEquals(0, handle.compareTo(other));
      }
      child.stdin().close();
      child.waitFor();
    }
  }

  @Test
  @Contract({"C6", "C8"})
  void theDescriptorIsClosedAtTheEnd() throws Exception {
    ChildProcess child = sh("read line; exit 3");
    child.asProcess();
    assertTrue(child.fd() >= 0, "open before the end");
    child.stdin().close();
    assertEquals(new Exited(3), child.waitFor());
    Await.until("the descriptor is closed", () -> {
      try {
        child.fd();
        return false;
      } catch (ClosedDescriptorException e) {
        assertTrue(String.valueOf(e.getMessage()).contains("asProcess"), e.getMessage());
        return true;
      }
    });
    // These methods need no descriptor, and behave as before the close.
    assertEquals(new Exited(3), child.poll().orElseThrow());
    assertEquals(new Exited(3), child.onExit().join());
    assertFalse(child.isAlive());
    assertFalse(child.kill());
    assertTrue(child.sameProcess(child));
    assertThrows(ClosedDescriptorException.class, child::duplicate);
    child.close();
    child.close();
    assertEquals(new Exited(3), child.waitFor());
  }

  @Test
  @Contract({"C6", "C8"})
  void aDuplicateRemainsOpenAfterTheEnd() throws Exception {
    ChildProcess child = sh("exit 3");
    try (ProcessDescriptor duplicate = child.duplicate()) {
      Process view = child.asProcess();
      assertEquals(3, view.waitFor());
      assertTrue(duplicate.fd() >= 0);
      assertEquals(new Exited(3), duplicate.waitFor());
      assertTrue(Descriptors.isOpen(duplicate.fd()));
    }
  }

  @Test
  @Contract({"C6", "C8"})
  void aViewOfAnEndedChildClosesItsDescriptor() throws Exception {
    int before = Descriptors.open().size();
    ChildProcess child = sh("echo out; exit 3");
    child.waitFor();
    Process view = child.asProcess();
    Await.until("all descriptors are closed", () -> Descriptors.open().size() <= before);
    assertEquals("out", Text.all(view.getInputStream()));
    assertEquals(3, view.exitValue());
  }

  @Test
  @Contract("C9")
  void theOutputOfADescendantIsReadAfterTheEnd() throws Exception {
    int before = Descriptors.open().size();
    ChildProcess child = sh("exec 3<&0; { read line <&3; echo late $line; } & exit 0");
    Process view = child.asProcess();
    assertEquals(0, view.waitFor());
    Text.send(view.getOutputStream(), "words");
    view.getOutputStream().close();
    assertEquals("late words", Text.all(view.getInputStream()));
    Await.until("all descriptors are closed", () -> Descriptors.open().size() <= before);
    assertEquals(-1, view.getInputStream().read());
  }

  @Test
  @Contract("C9")
  void theChildsOwnPipesAreInterruptibleChannels() throws Exception {
    ChildProcess child = sh("echo out; exec cat");
    Process view = child.asProcess();
    Thread.currentThread().interrupt();
    try {
      assertThrows(ClosedByInterruptException.class, () -> child.stdout().read());
    } finally {
      assertTrue(Thread.interrupted());
    }
    IOException thrown =
        assertThrows(IOException.class, () -> view.getInputStream().read());
    assertEquals("Stream closed", thrown.getMessage());
    view.getOutputStream().close();
    view.waitFor();
  }

  @Test
  @Tag(Tags.JVM)
  @Contract("C8")
  void manyChildrenNeedNoClose() {
    ChildJvm.of(Many.class).startedBy("ulimit -n 256; exec \"$@\"").run();
  }

  /** Runs many children that are never closed, under a low limit of open files. */
  public static final class Many implements Scenario {
    // Holds the logger, which the collector would take with its handler.
    private static final Logger LOG = Logger.getLogger("dev.procdesc");

    @Override
    public void run(String... arguments) throws Exception {
      Warnings warnings = new Warnings();
      LOG.addHandler(warnings);
      for (int i = 0; i < 1_000; i++) {
        Process process = start(true, "echo x");
        assertEquals("x", Text.all(process.getInputStream()));
        assertEquals(0, process.waitFor());
      }
      int before = Descriptors.open().size();
      drop();
      Await.until("the dropped child is closed", () -> {
        System.gc();
        return Descriptors.open().size() <= before;
      });
      Await.until("there is a warning", () -> !warnings.messages.isEmpty());
      assertEquals(1, warnings.messages.size(), warnings.messages::toString);
    }

    /** The warnings of descriptors that were not closed. */
    private static final class Warnings extends Handler {
      private final Queue<String> messages = new ConcurrentLinkedQueue<>();

      @Override
      public void publish(LogRecord message) {
        if (message.getMessage().contains("became unreachable")) {
          messages.add(Arrays.toString(message.getParameters()));
        }
      }

      @Override
      public void flush() {}

      @Override
      public void close() {}
    }

    /** Drops a child without a view and pipes, of which the collector warns. */
    private static void drop() throws Exception {
      Stdio none = Stdio.nullDevice();
      ChildProcess child =
          Run.ordinary(Run.sh("exit 0").stdin(none).stdout(none).stderr(none)).spawn();
      assertEquals(new Exited(0), child.waitFor());
    }
  }
}
