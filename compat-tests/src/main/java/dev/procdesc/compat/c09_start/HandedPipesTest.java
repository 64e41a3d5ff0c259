package dev.procdesc.compat.c09_start;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.Signal;
import dev.procdesc.SpawnException;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.support.ConcurrentCallers;
import dev.procdesc.compat.support.Errors;
import dev.procdesc.compat.support.FlowProbe;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Text;
import dev.procdesc.testing.Await;
import java.nio.channels.ClosedChannelException;
import jnr.constants.platform.Errno;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Tests the pipes to children that are given to other children. */
@ExtendWith(LeakCheck.class)
final class HandedPipesTest {
  private static final Spawner MISSING = Spawner.of("/no/such/program");

  /** Returns a spawner that reads the output of another child. */
  private static Spawner reading(ChildProcess other, Spawner spawner) {
    return spawner.stdin(Stdio.from(other.stdout()));
  }

  /** The reader waits for a line, so the end that it got blocks, unlike that of this JVM. */
  @Test
  @Contract("C9")
  void aChildReadsTheOutputOfAnother() throws Exception {
    try (ChildProcess first = Run.cat().spawn();
        ChildProcess second = reading(first, Run.cat()).spawn()) {
      assertFalse(first.stdout().isOpen());
      assertThrows(ClosedChannelException.class, () -> first.stdout().read());
      assertFalse(second.hasPipe(0));
      assertEquals("one", Text.echo(first.stdin(), second.stdout(), "one"));
      assertEquals("two", Text.echo(first.stdin(), second.stdout(), "two"));
      first.stdin().close();
      assertEquals(-1, second.stdout().read());
      assertEquals(new Exited(0), Run.end(first));
      assertEquals(new Exited(0), Run.end(second));
    }
  }

  @Test
  @Contract("C9")
  void aChildWritesTheInputOfAnother() throws Exception {
    try (ChildProcess second = Run.cat().spawn();
        ChildProcess first = Run.cat().stdout(Stdio.to(second.stdin())).spawn()) {
      assertFalse(second.stdin().isOpen());
      assertEquals("one", Text.echo(first.stdin(), second.stdout(), "one"));
      first.stdin().close();
      assertEquals(-1, second.stdout().read());
      assertEquals(new Exited(0), Run.end(second));
    }
  }

  @Test
  @Contract("C9")
  void theWriterEndsWithTheChildThatGotItsOutput() throws Exception {
    try (ChildProcess first = Run.sh("exec yes").spawn();
        ChildProcess second = reading(first, Run.sh("read -r line; exit 4")).spawn()) {
      assertEquals(new Exited(4), Run.end(second));
      assertEquals(Run.signaled(Signal.PIPE), Run.end(first));
    }
  }

  @Test
  @Contract({"C8", "C9"})
  void aFailedSpawnLeavesThePipesAsTheyWere() throws Exception {
    try (ChildProcess first = Run.cat().spawn()) {
      for (int i = 0; i < 3; i++) {
        Spawner missing = MISSING.descriptor(3, Stdio.to(first.stdin()));
        assertThrows(SpawnException.class, () -> reading(first, missing).spawn().close());
      }
      // This read waits, which a descriptor that blocks would do in the kernel.
      Await.Running<String> reader = Await.start(() -> Text.line(first.stdout()));
      ConcurrentCallers.awaitBlocked(reader.thread());
      assertThrows(
          IllegalStateException.class, () -> reading(first, Run.cat()).spawn().close());
      Text.send(first.stdin(), "still here");
      assertEquals("still here", Await.get(reader.result()));
      reader = Await.start(() -> Text.line(first.stdout()));
      ConcurrentCallers.awaitBlocked(reader.thread());
      first.stdout().close();
      assertTrue(Await.thrown(reader.result()) instanceof ClosedChannelException);
    }
  }

  @Test
  @Contract("C9")
  void aPipeInUseIsRefused() throws Exception {
    try (ChildProcess first = Run.cat().spawn()) {
      FlowProbe probe = new FlowProbe(0);
      first.stdout().publisher(Runnable::run).subscribe(probe);
      assertThrows(
          IllegalStateException.class, () -> reading(first, Run.cat()).spawn().close());
      probe.subscription().cancel();
      assertThrows(
          ClosedChannelException.class, () -> reading(first, Run.cat()).spawn().close());
      Stdio twice = Stdio.to(first.stdin());
      assertThrows(
          IllegalStateException.class,
          () -> Run.cat().stdout(twice).stderr(twice).spawn().close());
      Text.send(first.stdin(), "it remains usable");
    }
  }

  @Test
  @Contract("C9")
  void bytesThatWereReadAheadAreNotLost() throws Exception {
    try (ChildProcess first = Run.sh("printf abc").spawn()) {
      assertEquals('a', first.stdout().read());
      assertThrows(
          IllegalStateException.class, () -> reading(first, Run.cat()).spawn().close());
      assertEquals("bc", Text.all(first.stdout()));
    }
  }

  @Test
  @Contract("C9")
  void aPipeAtItsEndOfFileIsAnEmptyInput() throws Exception {
    try (ChildProcess first = Run.sh("exit 0").spawn()) {
      assertEquals(-1, first.stdout().read());
      try (ChildProcess second = reading(first, Run.cat()).spawn()) {
        assertEquals(-1, second.stdout().read());
        assertEquals(new Exited(0), Run.end(second));
      }
    }
  }

  @Test
  @Contract("C9")
  void aPipeWithoutReaderIsRefused() throws Exception {
    try (ChildProcess first = Run.sh("exit 0").spawn()) {
      Run.end(first);
      assertThrows(ProcessDescriptorException.class, () -> first.stdin().write('x'));
      ProcessDescriptorException thrown = assertThrows(
          ProcessDescriptorException.class,
          () -> Run.cat().stdout(Stdio.to(first.stdin())).spawn().close());
      assertEquals(Errors.number(Errno.EPIPE), thrown.errno(), thrown.toString());
    }
  }

  @Test
  @Contract("C9")
  void aWrongDirectionIsRefused() throws Exception {
    try (ChildProcess first = Run.cat().spawn()) {
      Spawner other = Run.cat();
      assertThrows(IllegalArgumentException.class, () -> other.stdin(Stdio.to(first.stdin())));
      assertThrows(IllegalArgumentException.class, () -> other.stdout(Stdio.from(first.stdout())));
      assertThrows(IllegalArgumentException.class, () -> other.stderr(Stdio.from(first.stdout())));
    }
  }
}
