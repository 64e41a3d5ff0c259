package dev.procdesc.compat.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.ConcurrentCallers;
import dev.procdesc.compat.support.Descriptors;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Text;
import dev.procdesc.compat.support.VirtualThreads;
import dev.procdesc.testing.Await;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.function.Executable;

/**
 * Tests of the behaviour of a {@code java.lang.Process} on which programs rely. No test closes
 * anything that a user of {@code Process} cannot close.
 */
@ExtendWith(LeakCheck.class)
public abstract class ProcessContract {
  /** Starts children for the tests. */
  protected interface Starter {
    /**
     * Starts a shell script.
     *
     * @param pipes whether its standard streams are pipes; they are the null device otherwise
     */
    Process start(boolean pipes, String script) throws IOException;
  }

  private final Starter starter;

  /** Creates the tests for a way to start children. */
  protected ProcessContract(Starter starter) {
    this.starter = starter;
  }

  private Process sh(String script) throws IOException {
    return starter.start(true, script);
  }

  /** Ends a child that reads its input. */
  private static void end(Process process) throws IOException, InterruptedException {
    process.getOutputStream().close();
    assertEquals(0, process.waitFor());
  }

  @Test
  @Contract("C9")
  void theStreamsAreTheSameAtEveryCall() throws Exception {
    Process process = sh("exec cat");
    assertSame(process.getOutputStream(), process.getOutputStream());
    assertSame(process.getInputStream(), process.getInputStream());
    assertSame(process.getErrorStream(), process.getErrorStream());
    end(process);
  }

  @Test
  @Contract("C9")
  void aHandleOfARunningChildReportsIt() throws Exception {
    Process process = sh("exec cat");
    ProcessHandle handle = process.toHandle();
    assertEquals(process.pid(), handle.pid());
    assertEquals(Long.toString(process.pid()), handle.toString());
    assertTrue(handle.isAlive());
    assertTrue(handle.supportsNormalTermination());
    assertEquals(Optional.of(ProcessHandle.current()), handle.parent());
    assertFalse(handle.onExit().isDone());
    assertEquals("ready", Text.echo(process.getOutputStream(), process.getInputStream(), "ready"));
    end(process);
    assertSame(process, Await.get(process.onExit()));
    assertEquals(handle, Await.get(handle.onExit()));
  }

  @Test
  @Tag(Tags.PIDS)
  @Contract("C9")
  void aHandleReportsTheCommandAndTheDescendants() throws Exception {
    Process process = sh("(cat; exit 0) | cat; exit 0");
    ProcessHandle handle = process.toHandle();
    assertEquals("ready", Text.echo(process.getOutputStream(), process.getInputStream(), "ready"));
    assertTrue(process.info().command().isPresent(), () -> process.info().toString());
    assertTrue(process.info().startInstant().isPresent(), () -> process.info().toString());
    assertTrue(handle.info().toString().contains("/"), () -> handle.info().toString());
    List<ProcessHandle> children = process.children().toList();
    assertEquals(2, children.size(), children::toString);
    assertEquals(children, handle.children().toList());
    List<ProcessHandle> descendants = process.descendants().toList();
    assertTrue(descendants.containsAll(children), descendants::toString);
    assertEquals(descendants, handle.descendants().toList());
    end(process);
  }

  @Test
  @Contract({"C3", "C9"})
  void aHandleWorksAfterTheEnd() throws Exception {
    Process process = sh("exit 3");
    assertEquals(3, process.waitFor());
    ProcessHandle handle = process.toHandle();
    assertEquals(process.pid(), handle.pid());
    assertFalse(handle.isAlive());
    assertFalse(handle.destroy());
    assertFalse(handle.destroyForcibly());
    assertEquals(Optional.empty(), handle.parent());
    assertEquals(0, handle.children().count());
    assertEquals(0, handle.descendants().count());
    assertEquals(0, process.children().count());
    assertEquals(0, process.descendants().count());
    assertEquals(Optional.empty(), handle.info().command());
    assertEquals(Optional.empty(), process.info().startInstant());
    assertEquals(Optional.empty(), process.info().user());
    assertEquals("[]", process.info().toString());
    assertEquals(handle, Await.get(handle.onExit()));
  }

  @Test
  @Contract("C3")
  void aHandleDestroysItsChild() throws Exception {
    Process process = sh("trap 'exit 7' TERM; echo ready; while :; do :; done");
    assertEquals("ready", Text.line(process.getInputStream()));
    assertTrue(process.toHandle().destroy());
    assertEquals(7, process.waitFor());
    Process other = sh("trap '' TERM; echo ready; while :; do read line; done");
    assertEquals("ready", Text.line(other.getInputStream()));
    assertTrue(other.toHandle().destroyForcibly());
    assertEquals(128 + 9, other.waitFor());
  }

  @Test
  @Contract("C9")
  void handlesAreEqualIfTheyAreOfTheSameChild() throws Exception {
    Process process = sh("exec cat");
    Process other = sh("exec cat");
    ProcessHandle handle = process.toHandle();
    assertEquals(handle, process.toHandle());
    assertEquals(handle.hashCode(), process.toHandle().hashCode());
    assertEquals(0, handle.compareTo(process.toHandle()));
    assertNotEquals(handle, other.toHandle());
    int order = handle.compareTo(other.toHandle());
    assertNotEquals(0, order);
    assertEquals(Integer.signum(order), -Integer.signum(other.toHandle().compareTo(handle)));
    assertNotEquals(0, handle.compareTo(ProcessHandle.current()));
    assertNotEquals(handle, ProcessHandle.current());
    assertNotEquals(handle, "another object");
    end(process);
    end(other);
    assertEquals(handle, process.toHandle());
  }

  @Test
  @Contract("C9")
  void theTextHasTheIdAndTheExitValue() throws Exception {
    Process process = sh("read line; exit 3");
    String text = "Process[pid=" + process.pid() + ", exitValue=";
    assertEquals(text + "\"not exited\"]", process.toString());
    process.getOutputStream().close();
    process.waitFor();
    assertEquals(text + "3]", process.toString());
  }

  @Test
  @Contract("C3")
  void destroyingAnEndedChildHasNoEffect() throws Exception {
    Process process = sh("exit 3");
    assertEquals(3, process.waitFor());
    process.destroy();
    assertSame(process, process.destroyForcibly());
    assertEquals(3, process.exitValue());
  }

  @Test
  @Contract("C4")
  void aWaitForAnEndedChildIgnoresAnInterrupt() throws Exception {
    Process process = sh("exit 3");
    process.waitFor();
    Thread.currentThread().interrupt();
    try {
      assertEquals(3, process.waitFor());
      assertTrue(process.waitFor(1, TimeUnit.SECONDS));
      assertTrue(process.waitFor(0, TimeUnit.SECONDS));
    } finally {
      assertTrue(Thread.interrupted(), "the interrupt status remains set");
    }
  }

  @Test
  @Contract("C9")
  void aClosedStreamThrowsAnExceptionWithAMessage() throws Exception {
    Process process = sh("exec cat >/dev/null");
    InputStream in = process.getInputStream();
    in.close();
    in.close();
    assertClosed(in::read);
    assertClosed(() -> in.read(new byte[10]));
    assertClosed(() -> in.read(new byte[10], 5, 0));
    assertClosed(in::available);
    OutputStream out = process.getOutputStream();
    out.close();
    out.close();
    // Neither transfers anything, and so both are permitted; see BufferedOutputStream.
    out.write(new byte[0]);
    out.flush();
    assertClosed(() -> {
      out.write(new byte[100_000]);
      out.flush();
    });
    assertEquals(0, process.waitFor());
  }

  private static void assertClosed(Executable use) {
    IOException thrown = assertThrows(IOException.class, use);
    assertEquals("stream closed", String.valueOf(thrown.getMessage()).toLowerCase(Locale.ROOT));
  }

  /**
   * Tests that single bytes cost no transfer each, on which programs rely that read and write so.
   */
  @Test
  @Contract("C9")
  void theStreamsAreBuffered() throws Exception {
    Process process = sh("exec cat");
    assertInstanceOf(BufferedInputStream.class, process.getInputStream());
    assertInstanceOf(BufferedInputStream.class, process.getErrorStream());
    assertInstanceOf(BufferedOutputStream.class, process.getOutputStream());
    end(process);
  }

  @Test
  @Contract("C9")
  void aStreamWithoutAPipeIsAtItsEndAndTakesNothing() throws Exception {
    Process process = starter.start(false, "exit 0");
    for (InputStream in : List.of(process.getInputStream(), process.getErrorStream())) {
      assertEquals(-1, in.read());
      assertEquals(-1, in.read(new byte[10]));
      assertEquals(0, in.available());
      in.close();
      assertEquals(-1, in.read());
    }
    OutputStream out = process.getOutputStream();
    IOException thrown = assertThrows(IOException.class, () -> {
      out.write(new byte[10]);
      out.flush();
    });
    assertEquals("Stream closed", thrown.getMessage());
    out.close();
    assertEquals(0, process.waitFor());
  }

  @Test
  @Contract("C9")
  void anInterruptLosesNoOutput() throws Exception {
    interruptLosesNoOutput(Thread::new);
  }

  @Test
  @Contract("C9")
  void anInterruptLosesNoOutputInAVirtualThread() throws Exception {
    Requires.virtualThreads();
    interruptLosesNoOutput(VirtualThreads.factory());
  }

  private void interruptLosesNoOutput(ThreadFactory threads) throws Exception {
    Process process = sh("echo first; exec cat");
    CompletableFuture<String> lines = new CompletableFuture<>();
    Thread reader = threads.newThread(() -> Await.complete(lines, () -> {
      Thread.currentThread().interrupt();
      InputStream in = process.getInputStream();
      String first = Text.line(in);
      String second = Text.echo(process.getOutputStream(), in, "second");
      String third = Text.line(in);
      assertTrue(Thread.currentThread().isInterrupted(), "the interrupt status remains set");
      return first + " " + second + " " + third;
    }));
    reader.start();
    // The reader waits for a line that is sent after another interrupt.
    Await.inside(reader, "line");
    ConcurrentCallers.awaitBlocked(reader);
    reader.interrupt();
    Text.send(process.getOutputStream(), "third");
    assertEquals("first second third", Await.get(lines));
    end(process);
  }

  @Test
  @Contract("C8")
  void anEndedChildHasNoDescriptors() throws Exception {
    int before = Descriptors.open().size();
    Process read = sh("echo out; exit 0");
    assertEquals("out", Text.all(read.getInputStream()));
    assertEquals(0, read.waitFor());
    Process unread = sh("echo out; echo err >&2; exit 0");
    assertEquals(0, unread.waitFor());
    Await.until("all descriptors are closed", () -> Descriptors.open().size() <= before);
    assertEquals(4, unread.getErrorStream().available());
    assertEquals('o', unread.getInputStream().read());
    assertEquals(3, unread.getInputStream().available());
    assertEquals("ut", Text.all(unread.getInputStream()));
    assertEquals("err", Text.all(unread.getErrorStream()));
    assertEquals(-1, unread.getErrorStream().read());
    assertEquals(0, unread.getErrorStream().available());
    assertEquals(-1, read.getInputStream().read());
    assertThrows(IOException.class, () -> {
      unread.getOutputStream().write(1);
      unread.getOutputStream().flush();
    });
    unread.getInputStream().close();
    assertClosed(unread.getInputStream()::read);
  }

  @Test
  @Contract("C8")
  void manyUnreadBytesRemainReadable() throws Exception {
    int before = Descriptors.open().size();
    Process process = sh("i=0; while [ $i -lt 300 ]; do echo $i; i=$((i + 1)); done");
    assertEquals('0', process.getInputStream().read());
    assertEquals(0, process.waitFor());
    Await.until("all descriptors are closed", () -> Descriptors.open().size() <= before);
    StringBuilder expected = new StringBuilder();
    for (int i = 1; i < 300; i++) {
      expected.append(i).append('\n');
    }
    assertEquals("\n" + expected.toString().strip(), Text.all(process.getInputStream()));
  }

  @Test
  @Contract("C6")
  void closeAsOfJava26WaitsForTheEnd() throws Exception {
    Process process = sh("read line; exit 5");
    close(process);
    assertEquals(5, process.exitValue());
    close(process);
    assertClosed(process.getInputStream()::read);
  }

  /** Closes a process as {@code Process.close()} of Java 26 does, by that method if it exists. */
  private static void close(Process process) throws IOException, InterruptedException {
    if (process instanceof Closeable closeable) {
      closeable.close();
    } else {
      process.getOutputStream().close();
      process.getInputStream().close();
      process.getErrorStream().close();
      process.waitFor();
    }
  }
}
