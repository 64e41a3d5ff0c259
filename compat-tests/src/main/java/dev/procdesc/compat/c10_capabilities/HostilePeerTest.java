package dev.procdesc.compat.c10_capabilities;

import static dev.procdesc.compat.support.Messages.receive;
import static dev.procdesc.compat.support.Messages.text;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.procdesc.DescriptorChannel;
import dev.procdesc.DescriptorChannel.Message;
import dev.procdesc.Feature;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.RefusedMessageException;
import dev.procdesc.RefusedMessageException.Reason;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Differences;
import dev.procdesc.compat.Origin;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.Descriptors;
import dev.procdesc.compat.support.ForeignPeer;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.testing.Await;
import dev.procdesc.testing.Timeouts;
import java.io.EOFException;
import java.time.Duration;
import java.util.Collections;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Messages of a peer that is wrong or hostile: they are refused, and leave nothing open. */
@ExtendWith(LeakCheck.class)
final class HostilePeerTest {
  @BeforeEach
  void channels() {
    Requires.feature(Feature.DESCRIPTOR_CHANNEL);
  }

  @ParameterizedTest
  @Tag(Tags.PIDS)
  @ValueSource(ints = {1, 2, 253})
  @Contract("C10")
  void manyDescriptors(int count) throws Exception {
    try (ForeignPeer peer = ForeignPeer.start()) {
      peer.python().order("self " + count);
      try (Message message = receive(peer.channel())) {
        assertEquals("self", text(message));
        assertEquals(count, message.descriptors().size());
        long pid = Long.parseLong(peer.python().ask("pid"));
        for (ProcessDescriptor process : message.descriptors()) {
          assertEquals(pid, process.pid());
        }
      }
      peer.python().order("payload 3");
      assertEquals("ppp", text(receive(peer.channel())), "no descriptors, and the order is right");
    }
  }

  static Stream<String> whatIsNoProcess() {
    return Stream.concat(
        Stream.of("file", "proc", "mixed", "lifeline", "lifelines"),
        Differences.threadsHaveDescriptors() ? Stream.of("thread") : Stream.of());
  }

  @ParameterizedTest
  @Tag(Tags.PIDS)
  @MethodSource("whatIsNoProcess")
  @Contract({"C8", "C10"})
  @Origin({"selftests/pidfd: pidfd_wait on non-pidfds", "capsicum-test: Pdfork.NonProcessDescriptor"
  })
  void whatIsNoProcessIsRefused(String what) throws Exception {
    try (ForeignPeer peer = ForeignPeer.start()) {
      var before = Descriptors.open();
      String answer = peer.python().ask(what);
      if (what.equals("thread")) {
        Requires.that(answer.equals("ok"), "descriptors of threads (Linux 6.9)");
      }
      if (what.equals("proc")) {
        Requires.file("/proc/self");
      }
      assertEquals("ok", answer);
      var refused = assertThrows(
          RefusedMessageException.class, () -> peer.channel().receive(Timeouts.CEILING));
      assertEquals(Reason.NO_PROCESS, refused.reason(), refused.toString());
      Await.until(
          "all that arrived is closed",
          () -> before.entrySet().containsAll(Descriptors.open().entrySet()));
      peer.python().order("self 1");
      try (Message message = receive(peer.channel())) {
        assertEquals(1, message.descriptors().size(), "the channel still works");
      }
    }
  }

  @Test
  @Contract({"C8", "C10"})
  void aPayloadThatIsTooLongIsRefused() throws Exception {
    try (ForeignPeer peer = ForeignPeer.start()) {
      for (int length : new int[] {DescriptorChannel.MAX_PAYLOAD + 1, 100_000}) {
        peer.python().order("payload " + length);
        var refused = assertThrows(
            RefusedMessageException.class, () -> peer.channel().receive(Timeouts.CEILING));
        assertEquals(Reason.PAYLOAD_CUT_OFF, refused.reason());
      }
      peer.python().order("payload " + DescriptorChannel.MAX_PAYLOAD);
      assertEquals(DescriptorChannel.MAX_PAYLOAD, receive(peer.channel()).payload().length);
    }
  }

  @Test
  @Tag(Tags.PIDS)
  @Contract({"C8", "C10"})
  void descriptorsForWhichThereIsNoRoomAreRefused() throws Exception {
    try (ForeignPeer peer = ForeignPeer.start()) {
      peer.python().order("self 20");
      peer.channel().receive(Duration.ZERO).orElseThrow().close(); // Loads all classes.
      long limit = Descriptors.limit();
      int highest = Collections.max(Descriptors.open().keySet());
      var before = Descriptors.open();
      peer.python().order("self 253");
      Descriptors.setLimit(highest + 10);
      RefusedMessageException refused;
      try {
        refused =
            assertThrows(RefusedMessageException.class, () -> peer.channel().receive());
      } finally {
        Descriptors.setLimit(limit);
      }
      assertEquals(Reason.DESCRIPTORS_CUT_OFF, refused.reason());
      Await.until(
          "what arrived is closed",
          () -> before.entrySet().containsAll(Descriptors.open().entrySet()));
      peer.python().order("self 253");
      try (Message message = receive(peer.channel())) {
        assertEquals(253, message.descriptors().size());
      }
    }
  }

  @Test
  @Contract("C10")
  void emptyPacketsAreSkipped() throws Exception {
    try (ForeignPeer peer = ForeignPeer.start()) {
      peer.python().order("empty 5");
      assertEquals(Optional.empty(), peer.channel().receive(Duration.ZERO));
      peer.python().order("empty 5");
      peer.python().order("payload 2");
      assertEquals("pp", text(receive(peer.channel())));
      peer.python().order("empty 5");
      peer.python().order("payload 1");
      peer.python().order("empty 5");
      peer.python().exit();
      assertEquals("p", text(receive(peer.channel())), "before the end of file");
      assertThrows(EOFException.class, () -> peer.channel().receive(Timeouts.CEILING));
    }
  }

  @Test
  @Tag(Tags.PIDS)
  @Contract({"C8", "C10"})
  void aFlood() throws Exception {
    try (ForeignPeer peer = ForeignPeer.start()) {
      int count = 2000;
      peer.python().tell("flood " + count);
      for (int i = 0; i < count; i++) {
        try (Message message = receive(peer.channel())) {
          assertEquals(5, message.descriptors().size());
        }
      }
      assertEquals("ok", peer.python().answer());
    }
  }

  @Test
  @Tag(Tags.PIDS)
  @Contract({"C8", "C10"})
  void aFloodThatNobodyReadsLeavesNothing() throws Exception {
    try (ForeignPeer peer = ForeignPeer.start()) {
      peer.python().tell("flood 100000");
      receive(peer.channel()).close();
      peer.python().kill();
    }
  }
}
