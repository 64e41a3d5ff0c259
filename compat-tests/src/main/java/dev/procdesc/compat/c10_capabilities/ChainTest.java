package dev.procdesc.compat.c10_capabilities;

import static dev.procdesc.compat.support.Liveness.assertAlive;
import static dev.procdesc.compat.support.Liveness.assertDead;
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
import dev.procdesc.compat.support.ChildJvm;
import dev.procdesc.compat.support.Holder;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Mechanisms;
import dev.procdesc.compat.support.RawPipe;
import dev.procdesc.compat.support.Run;
import dev.procdesc.testing.Timeouts;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Processes that are handed from JVM to JVM while earlier holders die: they live until the last
 * holder closes or dies.
 */
@ExtendWith(LeakCheck.class)
@Tag(Tags.JVM)
@Tag(Tags.LONG)
final class ChainTest {
  static Stream<String> mechanisms() {
    return Mechanisms.all();
  }

  private static ChildJvm jvm(String without) {
    return Mechanisms.without(without, ChildJvm.of(Holder.Scene.class).flag("-XX:-UsePerfData"));
  }

  @ParameterizedTest(name = "without {0}")
  @MethodSource("mechanisms")
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
      assertAlive(heart);
      a.exit();
      // B has not received it yet: the message in flight is a holder too.
      assertAlive(heart);
      assertTrue(b.ask("receive").startsWith("handed 1"));
      assertAlive(heart);
      b.order("onward");
      b.kill();
      assertAlive(heart);
      DescriptorChannel.Message message = bc.second().receive(Timeouts.CEILING).orElseThrow();
      ProcessDescriptor last = message.descriptors().get(0);
      assertAlive(last);
      assertTrue(last.waitFor(Duration.ofMillis(1)).isEmpty());
      assertAlive(heart);
      message.close();
      assertDead(heart);
    }
  }

  @ParameterizedTest(name = "without {0}")
  @MethodSource("mechanisms")
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
      // A close first, then the death of a JVM.
      a.order("close");
      assertAlive(heart);
      a.kill();
      assertAlive(heart);
      b.kill();
      assertDead(heart);
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
      assertAlive(heart);
      a.kill();
      assertDead(heart);
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
      assertTrue(holder.process().isAlive(), "a close of its own descriptor does not kill it");
    }
  }
}
