package dev.procdesc.compat.c10_capabilities;

import static dev.procdesc.compat.support.Messages.bytes;
import static dev.procdesc.compat.support.Messages.receive;
import static dev.procdesc.compat.support.Messages.receiveOf;
import static dev.procdesc.compat.support.Messages.text;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.ClosedDescriptorException;
import dev.procdesc.DescriptorChannel;
import dev.procdesc.DescriptorChannel.Message;
import dev.procdesc.Feature;
import dev.procdesc.MissingRightException;
import dev.procdesc.OnClose;
import dev.procdesc.Platform;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.Right;
import dev.procdesc.UnsupportedFeatureException;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.support.Descriptors;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Run;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Messages: payloads of every size with and without descriptors, and those that are refused. */
@ExtendWith(LeakCheck.class)
final class ChannelMessagesTest {
  @BeforeEach
  void channels() {
    Requires.feature(Feature.DESCRIPTOR_CHANNEL);
  }

  @Test
  @Contract("C10")
  void payloadsArriveWholeAndInOrder() throws Exception {
    Random random = new Random(1);
    try (DescriptorChannel.Pair pair = DescriptorChannel.pair()) {
      List<byte[]> sent = new ArrayList<>();
      for (int size : new int[] {1, 2, 1000, 4096, 20_000, DescriptorChannel.MAX_PAYLOAD}) {
        byte[] payload = new byte[size];
        random.nextBytes(payload);
        sent.add(payload);
        pair.first().send(payload);
      }
      for (byte[] payload : sent) {
        assertArrayEquals(payload, receive(pair.second()).payload());
      }
      // Also in the other direction.
      pair.second().send(bytes("back"));
      assertEquals("back", text(receive(pair.first())));
    }
  }

  @Test
  @Contract("C10")
  void severalDescriptorsInOneMessage() throws Exception {
    Requires.feature(Feature.OPEN_PROCESS);
    Requires.feature(Feature.PROCESS_IDENTITY);
    try (DescriptorChannel.Pair pair = DescriptorChannel.pair();
        ChildProcess one = Run.cat().spawn();
        ChildProcess two = Run.cat().onClose(OnClose.RELEASE).spawn();
        ProcessDescriptor self = ProcessDescriptor.self()) {
      pair.first().send(new byte[0], two, one, self, one);
      try (Message message = receive(pair.second())) {
        assertEquals(0, message.payload().length);
        List<ProcessDescriptor> came = message.descriptors();
        assertEquals(4, came.size());
        assertTrue(came.get(0).sameProcess(two));
        assertTrue(came.get(1).sameProcess(one));
        assertTrue(came.get(2).sameProcess(self));
        assertTrue(came.get(3).sameProcess(one));
        assertFalse(came.get(0).sameProcess(one));
        for (ProcessDescriptor process : came) {
          assertTrue(Descriptors.isCloseOnExec(process.fd()));
          assertEquals(EnumSet.allOf(Right.class), process.rights());
        }
        assertEquals(one.pid(), came.get(1).pid());
      }
      Run.assertEchoes(one);
      Run.assertEchoes(two);
      two.stdin().close();
      two.stdout().close();
    }
  }

  /**
   * Every kernel passes descriptors without data, but not every one preserves the boundary then.
   */
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 1000, DescriptorChannel.MAX_PAYLOAD})
  @Contract("C10")
  void emptyAndNulPayloadsStayWithTheirDescriptors(int length) throws Exception {
    try (DescriptorChannel.Pair pair = DescriptorChannel.pair();
        ChildProcess one = Run.cat().spawn();
        ChildProcess two = Run.cat().spawn()) {
      pair.first().send(new byte[length], one);
      assertEquals(length, receiveOf(pair.second(), one).payload().length);
      pair.first().send(new byte[0], one);
      pair.first().send(new byte[0], two, two, one);
      pair.first().send(new byte[1], two);
      pair.first().send(new byte[2]);
      assertEquals(0, receiveOf(pair.second(), one).payload().length);
      assertEquals(0, receiveOf(pair.second(), two, two, one).payload().length);
      assertArrayEquals(new byte[1], receiveOf(pair.second(), two).payload());
      assertArrayEquals(new byte[2], receiveOf(pair.second()).payload());
    }
  }

  /** Sends without waiting into a queue that has any number of free bytes. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  @Contract("C10")
  void aMessageIsSentWholeOrNotAtAll(long seed) throws Exception {
    Random random = new Random(seed);
    Deque<byte[]> payloads = new ArrayDeque<>();
    Deque<ProcessDescriptor[]> descriptors = new ArrayDeque<>();
    try (DescriptorChannel.Pair pair = DescriptorChannel.pair();
        ChildProcess one = Run.cat().spawn();
        ChildProcess two = Run.cat().spawn()) {
      int refused = 0;
      for (int step = 0; step < 600; step++) {
        if (random.nextInt(5) < 3) {
          byte[] payload = new byte[random.nextInt(random.nextBoolean() ? 20 : 30_000) + 1];
          random.nextBytes(payload);
          ProcessDescriptor[] processes = new ProcessDescriptor[random.nextInt(12)];
          for (int i = 0; i < processes.length; i++) {
            processes[i] = random.nextBoolean() ? one : two;
          }
          if (pair.first().send(Duration.ZERO, payload, processes)) {
            payloads.add(payload);
            descriptors.add(processes);
          } else {
            refused++;
          }
        } else if (!payloads.isEmpty()) {
          Message message = receiveOf(pair.second(), descriptors.remove());
          assertArrayEquals(payloads.remove(), message.payload());
        }
      }
      assertTrue(refused > 0, "the queue was never full");
      while (!payloads.isEmpty()) {
        Message message = receiveOf(pair.second(), descriptors.remove());
        assertArrayEquals(payloads.remove(), message.payload());
      }
      assertEquals(Optional.empty(), pair.second().receive(Duration.ZERO));
    }
  }

  @Test
  @Contract({"C9", "C10"})
  void whatCannotBeSent() throws Exception {
    try (DescriptorChannel.Pair pair = DescriptorChannel.pair();
        ChildProcess child = Run.cat().spawn()) {
      DescriptorChannel channel = pair.first();
      assertThrows(IllegalArgumentException.class, () -> channel.send(new byte[0]));
      byte[] tooLong = new byte[DescriptorChannel.MAX_PAYLOAD + 1];
      assertThrows(IllegalArgumentException.class, () -> channel.send(tooLong));
      ProcessDescriptor[] tooMany = new ProcessDescriptor[DescriptorChannel.MAX_DESCRIPTORS + 1];
      Arrays.fill(tooMany, child);
      assertThrows(IllegalArgumentException.class, () -> channel.send(bytes("x"), tooMany));
      ProcessDescriptor closed = child.duplicate();
      closed.close();
      assertThrows(ClosedDescriptorException.class, () -> channel.send(bytes("x"), child, closed));
      try (ProcessDescriptor weak = child.restrict(Right.SIGNAL, Right.DUPLICATE)) {
        var missing =
            assertThrows(MissingRightException.class, () -> channel.send(bytes("x"), weak));
        assertEquals(Right.SEND, missing.right());
      }
      try (ProcessDescriptor weak = child.restrict(Right.SEND, Right.WAIT)) {
        if (Platform.current().has(Feature.KERNEL_RIGHTS)) {
          channel.send(bytes("weak"), weak);
          receive(pair.second()).close();
        } else {
          // Otherwise a process could send it to itself, and get every right.
          var thrown =
              assertThrows(UnsupportedFeatureException.class, () -> channel.send(bytes("x"), weak));
          assertEquals(Feature.KERNEL_RIGHTS, thrown.feature());
        }
      }
      assertEquals(Optional.empty(), pair.second().receive(Duration.ZERO), "nothing was sent");
      Run.assertEchoes(child);
    }
  }
}
