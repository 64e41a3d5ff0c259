package dev.procdesc.compat.c10_capabilities;

import static dev.procdesc.compat.support.Liveness.assertAlive;
import static dev.procdesc.compat.support.Liveness.assertDead;
import static dev.procdesc.compat.support.Messages.bytes;
import static dev.procdesc.compat.support.Messages.receive;
import static dev.procdesc.compat.support.Messages.text;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.DescriptorChannel.Message;
import dev.procdesc.ExitStatus;
import dev.procdesc.Feature;
import dev.procdesc.Signal;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Origin;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.support.ForeignPeer;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Poll;
import dev.procdesc.compat.support.RawPipe;
import dev.procdesc.compat.support.Run;
import dev.procdesc.testing.Timeouts;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Processes that are passed to a program in another language, and back. */
@ExtendWith(LeakCheck.class)
final class ForeignPeerTest {
  @BeforeEach
  void channels() {
    Requires.feature(Feature.DESCRIPTOR_CHANNEL);
  }

  @Test
  @Contract({"C5", "C10"})
  @Origin("capsicum-test: PipePdfork.PollMultiple")
  void twoProcessesPollTheSameDescriptor() throws Exception {
    try (ForeignPeer peer = ForeignPeer.start();
        ChildProcess child = Run.cat().spawn()) {
      peer.hand(child);
      assertEquals("0", peer.python().ask("poll 0"));
      assertEquals(0, Poll.now(child.fd()));
      peer.python().tell("poll " + Timeouts.CEILING.toSeconds());
      child.stdin().close();
      assertNotEquals(0, Poll.readable(child.fd()));
      assertEquals("1", peer.python().answer());
      assertEquals(new ExitStatus.Exited(0), Run.end(child));
      assertEquals("1", peer.python().ask("poll 0"), "the event remains");
    }
  }

  @Test
  @Contract({"C6", "C10"})
  @Origin("capsicum-test: PipePdfork.PassProcessDescriptor")
  void passedToAProgramInAnotherLanguage() throws Exception {
    try (ForeignPeer peer = ForeignPeer.start();
        RawPipe pipe = RawPipe.open()) {
      ChildProcess child = Run.spawnStaying(pipe);
      String answer = peer.hand(child);
      assertTrue(answer.matches("hello [12] 0"), answer);
      child.close();
      assertEquals("0", peer.python().ask("poll 0"), "the process is alive");
      peer.python().order("signal");
      assertAlive(pipe);
      peer.python().order("close");
      assertDead(pipe);
    }
  }

  @Test
  @Contract({"C6", "C7", "C10"})
  @Origin("capsicum-test: Pdfork.Bagpuss")
  void passedToAProgramThatDies() throws Exception {
    try (ForeignPeer peer = ForeignPeer.start();
        RawPipe pipe = RawPipe.open()) {
      ChildProcess child = Run.spawnStaying(pipe);
      peer.hand(child);
      child.close();
      assertAlive(pipe);
      peer.python().kill();
      assertDead(pipe);
    }
  }

  @Test
  @Contract({"C6", "C10"})
  void thereAndBackAgain() throws Exception {
    try (ForeignPeer peer = ForeignPeer.start();
        RawPipe pipe = RawPipe.open()) {
      ChildProcess child = Run.spawnStaying(pipe);
      peer.channel().send(bytes("hello"), child);
      child.close();
      peer.python().ask("receive");
      peer.python().order("send back");
      peer.python().order("close");
      assertAlive(pipe);
      Message message = receive(peer.channel());
      assertEquals("back", text(message));
      assertEquals(1, message.descriptors().size());
      assertAlive(message.descriptors().get(0));
      message.close();
      assertDead(pipe);
    }
  }

  @Test
  @Contract("C10")
  void killedByTheOtherSide() throws Exception {
    try (ForeignPeer peer = ForeignPeer.start();
        ChildProcess child = Run.cat().spawn()) {
      peer.hand(child);
      peer.python().order("kill");
      assertEquals(Run.signaled(Signal.KILL), Run.end(child));
      assertEquals("1", peer.python().ask("poll " + Timeouts.CEILING.toSeconds()));
    }
  }
}
