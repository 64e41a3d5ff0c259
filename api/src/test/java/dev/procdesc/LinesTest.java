package dev.procdesc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.OutputSubscribers.LongLine;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Flow;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests how bytes become lines, against {@link BufferedReader}. */
final class LinesTest {
  private final List<String> lines = new ArrayList<>();
  private final Demand demand = new Demand();

  /** A subscription that counts. */
  private static final class Demand implements Flow.Subscription {
    private long requested;
    private boolean cancelled;

    @Override
    public void request(long count) {
      requested += count;
    }

    @Override
    public void cancel() {
      cancelled = true;
    }
  }

  private PipeSubscriber subscribed(Charset charset, int length, LongLine longLine) {
    PipeSubscriber subscriber = OutputSubscribers.ofLines(charset, length, longLine, lines::add);
    subscriber.onSubscribe(demand);
    return subscriber;
  }

  /** Passes bytes in pieces of a size, and the end of file. */
  private static void send(PipeSubscriber subscriber, byte[] bytes, int size) {
    for (int at = 0; at < bytes.length; at += size) {
      subscriber.onNext(
          ByteBuffer.wrap(Arrays.copyOfRange(bytes, at, Math.min(bytes.length, at + size))));
    }
    subscriber.onComplete();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "\n",
        "one",
        "one\ntwo\n",
        "one\r\ntwo\r\n",
        "one\rtwo\r",
        "\r\n\n\r\r\n\n\n",
        "one\n\rtwo",
        "drei ä € \uD83D\uDE00\r\nvier\r"
      })
  void linesAreThoseOfBufferedReader(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    List<String> expected = new BufferedReader(new StringReader(text)).lines().toList();
    for (int size = 1; size <= bytes.length + 1; size++) {
      lines.clear();
      PipeSubscriber subscriber = subscribed(StandardCharsets.UTF_8, 1000, LongLine.FAIL);
      send(subscriber, bytes, size);
      assertEquals(expected, lines);
      assertEquals(bytes.length, subscriber.completion().join());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"UTF-8", "UTF-16", "US-ASCII", "ISO-8859-1", "Shift_JIS"})
  void malformedBytesAreReplacedAsByString(String name) {
    Charset charset = Charset.forName(name);
    Random random = new Random(name.hashCode());
    for (int round = 0; round < 200; round++) {
      byte[] bytes = new byte[random.nextInt(40)];
      random.nextBytes(bytes);
      String text = new String(bytes, charset);
      lines.clear();
      send(subscribed(charset, 1000, LongLine.FAIL), bytes, 1 + random.nextInt(5));
      assertEquals(new BufferedReader(new StringReader(text)).lines().toList(), lines);
    }
  }

  @Test
  void longLinesAreSplitOrTruncated() {
    byte[] bytes = "12345\r\n123456\n\n1234567890123\n12345".getBytes(StandardCharsets.US_ASCII);
    send(subscribed(StandardCharsets.UTF_8, 5, LongLine.SPLIT), bytes, 3);
    assertEquals(List.of("12345", "12345", "6", "", "12345", "67890", "123", "12345"), lines);
    lines.clear();
    send(subscribed(StandardCharsets.UTF_8, 5, LongLine.TRUNCATE), bytes, 3);
    assertEquals(List.of("12345", "12345", "", "12345", "12345"), lines);
  }

  @Test
  void aLongLineMayFailTheStream() {
    PipeSubscriber subscriber = subscribed(StandardCharsets.UTF_8, 5, LongLine.FAIL);
    subscriber.onNext(ByteBuffer.wrap("12345\n123456".getBytes(StandardCharsets.US_ASCII)));
    assertTrue(demand.cancelled);
    assertEquals(List.of("12345"), lines);
    assertInstanceOf(
        IOException.class,
        assertThrows(CompletionException.class, () -> subscriber.completion().join())
            .getCause());
  }

  @Test
  void oneBufferIsRequestedAfterTheOther() {
    PipeSubscriber subscriber = subscribed(StandardCharsets.UTF_8, 5, LongLine.SPLIT);
    assertEquals(1, demand.requested);
    subscriber.onNext(ByteBuffer.wrap(new byte[] {'a'}));
    assertEquals(2, demand.requested);
    assertFalse(demand.cancelled);
    Demand second = new Demand();
    subscriber.onSubscribe(second);
    assertTrue(second.cancelled, "a subscriber is for one subscription");
  }

  @Test
  void anIncompleteLineIsNotPassedOnAfterAnError() {
    PipeSubscriber subscriber = subscribed(StandardCharsets.UTF_8, 5, LongLine.SPLIT);
    subscriber.onNext(ByteBuffer.wrap("a\nb".getBytes(StandardCharsets.US_ASCII)));
    IOException cause = new IOException("closed");
    subscriber.onError(cause);
    assertEquals(List.of("a"), lines);
    assertSame(
        cause,
        assertThrows(CompletionException.class, () -> subscriber.completion().join())
            .getCause());
  }

  @Test
  void aHandlerThatThrowsCancelsTheStream() {
    RuntimeException failure = new IllegalStateException("the handler fails");
    PipeSubscriber subscriber = OutputSubscribers.ofLines(line -> {
      throw failure;
    });
    subscriber.onSubscribe(demand);
    send(subscriber, "a\nb\n".getBytes(StandardCharsets.US_ASCII), 2);
    assertTrue(demand.cancelled);
    assertEquals(1, demand.requested);
    assertSame(
        failure,
        assertThrows(CompletionException.class, () -> subscriber.completion().join())
            .getCause());
  }

  @Test
  void aLengthOfZeroIsRefused() {
    assertThrows(
        IllegalArgumentException.class,
        () -> OutputSubscribers.ofLines(StandardCharsets.UTF_8, 0, LongLine.SPLIT, lines::add));
  }
}
