package dev.procdesc.compat.c10_capabilities;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.DescriptorChannel;
import dev.procdesc.Feature;
import dev.procdesc.Platform;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.Signal;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Origin;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.Timeouts;
import dev.procdesc.compat.support.ChildJvm;
import dev.procdesc.compat.support.Holder;
import dev.procdesc.compat.support.KillMechanisms;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.RawPipe;
import dev.procdesc.compat.support.Run;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A process handed from JVM to JVM while those before die: it lives until the last holder has gone.
 */
@ExtendWith(LeakCheck.class)
@Tag(Tags.JVM)
@Tag(Tags.LONG)
final class ChainTest {
  static Stream<String> rungs() {
    return KillMechanisms.all();
  }

  private static ChildJvm jvm(String without) {
    return KillMechanisms.without(
        without, ChildJvm.of(Holder.Scene.class).flag("-XX:-UsePerfData"));
  }

  @ParameterizedTest(name = "without {0}")
  @MethodSource("rungs")
  @Contract({"C6", "C7", "C10"})
  void theLastOfThreeHolders(String without) throws Exception {
    Requires.feature(Feature.KILL_ON_JVM_DEATH);
    try (RawPipe heart = RawPipe.open();
        DescriptorChannel.Pair ab = DescriptorChannel.pair();
        DescriptorChannel.Pair bc = DescriptorChannel.pair();
        Holder a = Holder.jvm(jvm(without), ab.first(), -1, heart.writeEnd());
        Holder b = Holder.jvm(jvm(without), ab.second(), bc.first().fd(), -1)) {
      heart.given();
      ab.first().close();
      ab.second().close();
      bc.first().close();
      a.order("spawn nnp");
      a.order("drop-heart");
      a.order("send handed");
      assertTrue(heart.isHeld());
      a.exit();
      // B has not received it yet: it is on its way, and that counts.
      assertTrue(heart.isHeld());
      assertTrue(b.ask("receive").startsWith("handed 1"));
      assertTrue(heart.isHeld());
      b.order("onward");
      b.kill();
      assertTrue(heart.isHeld());
      DescriptorChannel.Message message = bc.second().receive(Timeouts.CEILING).orElseThrow();
      ProcessDescriptor last = message.descriptors().get(0);
      assertTrue(last.isAlive());
      assertTrue(last.waitFor(Duration.ofMillis(1)).isEmpty());
      assertTrue(heart.isHeld());
      message.close();
      heart.awaitEnd();
    }
  }

  @ParameterizedTest(name = "without {0}")
  @MethodSource("rungs")
  @Contract({"C6", "C7", "C10"})
  @Origin("capsicum-test: PipePdfork.PassProcessDescriptor")
  void theLastHolderIsKilled(String without) throws Exception {
    Requires.feature(Feature.KILL_ON_JVM_DEATH);
    try (RawPipe heart = RawPipe.open();
        DescriptorChannel.Pair ab = DescriptorChannel.pair();
        Holder a = Holder.jvm(jvm(without), ab.first(), -1, heart.writeEnd());
        Holder b = Holder.jvm(jvm(without), ab.second(), -1, -1)) {
      heart.given();
      ab.first().close();
      ab.second().close();
      a.order("spawn nnp");
      a.order("drop-heart");
      a.order("send handed");
      b.ask("receive");
      // Both ways of going: a close first, then the death of the JVM.
      a.order("close");
      assertTrue(heart.isHeld());
      a.kill();
      assertTrue(heart.isHeld());
      b.kill();
      heart.awaitEnd();
    }
  }

  @Test
  @Contract({"C6", "C7", "C10"})
  void theFirstHolderMayBeTheLast() throws Exception {
    Requires.feature(Feature.KILL_ON_JVM_DEATH);
    try (RawPipe heart = RawPipe.open();
        DescriptorChannel.Pair ab = DescriptorChannel.pair();
        Holder a = Holder.jvm(jvm(""), ab.first(), -1, heart.writeEnd());
        Holder b = Holder.python(ab.second())) {
      heart.given();
      ab.first().close();
      ab.second().close();
      a.order("spawn nnp");
      a.order("drop-heart");
      a.order("send handed");
      b.ask("receive");
      b.exit();
      assertTrue(heart.isHeld());
      a.kill();
      heart.awaitEnd();
    }
  }

  @Test
  @Contract({"C4", "C10"})
  void theStatusReachesAJvmThatIsNotTheParent() throws Exception {
    Requires.feature(Feature.STATUS_FOR_ANY_HOLDER);
    try (DescriptorChannel.Pair pair = DescriptorChannel.pair();
        Holder holder = Holder.jvm(pair.second());
        var child = Run.sh("read line; exit 46").spawn()) {
      pair.first().send(new byte[] {'x'}, child);
      holder.ask("receive");
      holder.tell("status");
      child.stdin().close();
      assertEquals("Exited[code=46]", holder.answer());
    }
  }

  @Test
  @Contract({"C3", "C10"})
  void aJvmThatIsNotTheParentKills() throws Exception {
    try (DescriptorChannel.Pair pair = DescriptorChannel.pair();
        Holder holder = Holder.jvm(pair.second());
        var child = Run.cat().spawn()) {
      pair.first().send(new byte[] {'x'}, child);
      holder.ask("receive");
      holder.order("kill");
      assertEquals(Run.signaled(Signal.KILL), Run.end(child));
    }
  }

  @Test
  @Contract("C10")
  void aJvmSendsItself() throws Exception {
    Requires.feature(Feature.OPEN_PROCESS);
    try (DescriptorChannel.Pair pair = DescriptorChannel.pair();
        Holder holder = Holder.jvm(pair.second())) {
      holder.order("self");
      try (var message = pair.first().receive(Timeouts.CEILING).orElseThrow()) {
        ProcessDescriptor self = message.descriptors().get(0);
        assertEquals(Long.parseLong(holder.ask("pid")), self.pid());
        if (Platform.current().has(Feature.PROCESS_IDENTITY)) {
          assertTrue(self.sameProcess(holder.process()));
        }
      }
      assertTrue(holder.process().isAlive(), "its close kills nobody");
    }
  }
}
