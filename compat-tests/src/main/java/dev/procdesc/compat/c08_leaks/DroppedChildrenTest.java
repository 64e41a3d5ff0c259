package dev.procdesc.compat.c08_leaks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.DescriptorChannel;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.Feature;
import dev.procdesc.OnClose;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.SpawnException;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.ChildJvm;
import dev.procdesc.compat.support.Descriptors;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Scenario;
import dev.procdesc.compat.support.Text;
import dev.procdesc.testing.Await;
import java.io.IOException;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import jnr.constants.platform.Errno;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tests that pipes let their descriptors go when they can transfer nothing any more, and that a
 * garbage collection closes those of children that the program has dropped.
 */
@ExtendWith(LeakCheck.class)
final class DroppedChildrenTest {
  private static int open() {
    return Descriptors.open().size();
  }

  /** Returns a spawner of a child with three pipes. */
  private static Spawner threePipes(String script) {
    return Run.ordinary(Run.sh(script)).stderr(Stdio.pipe());
  }

  /** Runs a child to its end, and drops it without closing anything. */
  private static void drop(Spawner spawner) throws Exception {
    ChildProcess child = spawner.spawn();
    assertEquals("out", Text.all(child.stdout()));
    assertEquals("err", Text.all(child.stderr()));
    assertEquals(new Exited(0), Run.end(child));
  }

  @Test
  @Contract("C8")
  void theEndOfFileReleasesTheDescriptor() throws Exception {
    try (ChildProcess child = Run.ordinary(Run.sh("echo out; read line")).spawn()) {
      int before = open();
      // Not the reading thread's descriptor for wake-ups, which is pooled.
      child.stdin().close();
      // The child ends now; meanwhile the watching thread may hold a descriptor briefly.
      Await.until("the close releases the descriptor", () -> open() == before - 1);
      assertEquals("out", Text.line(child.stdout()));
      assertEquals(-1, child.stdout().read());
      Await.until("the end of file releases the descriptor", () -> open() == before - 2);
      assertTrue(child.stdout().isOpen());
      assertEquals(-1, child.stdout().read());
      assertEquals(-1, child.stdout().read(new byte[3]));
      assertEquals(-1, child.stdout().read(ByteBuffer.allocate(3)));
      assertEquals(0, child.stdout().read(ByteBuffer.allocate(0)));
      assertEquals(0, child.stdout().available());
      child.stdout().close();
      child.stdout().close();
      assertThrows(ClosedChannelException.class, () -> child.stdout().read());
      Run.end(child);
    }
  }

  @Test
  @Contract("C8")
  void aBrokenPipeReleasesTheDescriptor() throws Exception {
    try (ChildProcess child = Run.sh("exec <&-; echo closed; exec sleep 1000").spawn()) {
      assertEquals("closed", Text.line(child.stdout()));
      int before = open();
      for (int i = 0; i < 3; i++) {
        var thrown =
            assertThrows(ProcessDescriptorException.class, () -> child.stdin().write(1));
        assertEquals(Errno.EPIPE.intValue(), thrown.errno());
        assertEquals(before - 1, open());
        assertTrue(child.stdin().isOpen());
      }
      child.stdin().close();
      assertThrows(ClosedChannelException.class, () -> child.stdin().write(1));
    }
  }

  @Test
  @Contract("C8")
  void theEndOfTheLastReaderReleasesTheDescriptor() throws Exception {
    // Not a child that ends by itself, perhaps before the count.
    try (ChildProcess child =
        Run.ordinary(Run.sh("exec sleep 1000")).stdout(Stdio.nullDevice()).spawn()) {
      int before = open();
      child.kill();
      Run.end(child);
      Await.until("the descriptor is released", () -> open() == before - 1);
      assertTrue(child.stdin().isOpen());
      var thrown =
          assertThrows(ProcessDescriptorException.class, () -> child.stdin().write(1));
      assertEquals(Errno.EPIPE.intValue(), thrown.errno());
      child.stdin().close();
    }
  }

  @Test
  @Contract("C8")
  void aPipeWithAnotherReaderOutlivesTheChild() throws Exception {
    try (ChildProcess child = Run.ordinary(
            Run.sh("exec 3<&0; (read line <&3; echo got $line) & exit 0"))
        .spawn()) {
      Run.end(child);
      Text.send(child.stdin(), "it");
      assertEquals("got it", Text.line(child.stdout()));
      assertEquals(-1, child.stdout().read());
      child.stdin().close();
    }
  }

  @Test
  @Contract("C8")
  void aCollectionClosesThePipesOfDroppedChildren() throws Exception {
    int before = open();
    for (int i = 0; i < 50; i++) {
      drop(threePipes("echo out; echo err >&2"));
    }
    collectUntilOpen(before);
  }

  @Test
  @Contract({"C6", "C8"})
  void aCollectionClosesThePipesOfChildrenThatItKills() throws Exception {
    int before = open();
    for (int i = 0; i < 20; i++) {
      dropRunning(OnClose.KILL);
    }
    collectUntilOpen(before);
  }

  @Test
  @Contract({"C6", "C8"})
  void aCollectionClosesThePipesOfReleasedChildren() throws Exception {
    int before = open();
    for (int i = 0; i < 20; i++) {
      dropRunning(OnClose.RELEASE); // The end of the input then ends the child.
    }
    collectUntilOpen(before);
  }

  @Test
  @Contract("C8")
  void aCollectionClosesChannelsAndListeners(@TempDir Path directory) throws Exception {
    Requires.feature(Feature.DESCRIPTOR_CHANNEL);
    int before = open();
    openAndDrop(directory, 50);
    collectUntilOpen(before);
    // Its path may be that of another listener by now.
    assertTrue(Files.exists(directory.resolve("s0")), "the file of a listener remains");
  }

  /** Opens pairs of channels and listeners, and returns without closing them. */
  private static void openAndDrop(Path directory, int count) throws IOException {
    int before = open();
    var held = new ArrayList<Object>();
    try {
      for (int i = 0; i < count; i++) {
        held.add(DescriptorChannel.pair());
        held.add(DescriptorChannel.listen(directory.resolve("s" + i)));
      }
      assertTrue(open() > before);
    } finally {
      // A collection can run at any time; none may close them before they have been counted.
      Reference.reachabilityFence(held);
    }
  }

  private static void dropRunning(OnClose onClose) throws IOException {
    ChildProcess child = Run.cat().onClose(onClose).stderr(Stdio.pipe()).spawn();
    Run.assertEchoes(child);
    child.stdin().write(new byte[10]);
    // Some of the data is read ahead and never returned.
    assertEquals(0, child.stdout().read());
  }

  private static void collectUntilOpen(int count) {
    Await.until("the descriptors are closed", () -> {
      System.gc();
      return open() <= count;
    });
  }

  @Test
  @Tag(Tags.JVM)
  @Contract("C8")
  void droppedChildrenDoNotExhaustTheDescriptors() {
    ChildJvm.of(DropMany.class).startedBy("ulimit -n 256; exec \"$@\"").run();
  }

  /** Drops more children than the limit of open files has room for. */
  public static final class DropMany implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      // Loads the classes of the error path: a directory of classes needs a descriptor for that.
      assertThrows(
          SpawnException.class,
          () -> Spawner.of("/nonexistent/program").onClose(OnClose.RELEASE).spawn());
      Spawner spawner = threePipes("echo out; echo err >&2");
      for (int i = 0; i < 1000; i++) {
        drop(spawner);
      }
    }
  }
}
