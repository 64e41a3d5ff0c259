package dev.procdesc;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Tests which bytes of an output are kept. */
final class OutputCaptureTest {
  /** Counts the reports of an exceeded limit. */
  private static final class Exceeded implements OutputCapture.Listener {
    private int count;

    @Override
    public void ended(OutputCapture output, Optional<Throwable> cause) {}

    @Override
    public void exceeded(OutputCapture output) {
      count++;
    }
  }

  @Test
  void theRequestedPartIsKept() {
    Random random = new Random(5);
    for (int round = 0; round < 3_000; round++) {
      int limit = random.nextInt(50) * (round % 7 == 0 ? 1_000 : 1);
      byte[] all = new byte[random.nextInt(2 * limit + 2)];
      random.nextBytes(all);
      int kept = Math.min(limit, all.length);
      byte[] head = Arrays.copyOf(all, kept);
      byte[] tail = Arrays.copyOfRange(all, all.length - kept, all.length);
      int largest = 1 + random.nextInt(all.length + 1);
      check(Capture.head(limit), all, largest, head, 0);
      check(Capture.tail(limit), all, largest, tail, 0);
      check(Capture.atMost(limit), all, largest, head, all.length > limit ? 1 : 0);
    }
  }

  private static void check(
      Capture capture, byte[] all, int largest, byte[] expected, int exceeded) {
    Exceeded listener = new Exceeded();
    OutputCapture output = new OutputCapture(capture, 1, listener);
    Random random = new Random(all.length);
    for (int at = 0; at < all.length; ) {
      int size = Math.min(all.length - at, 1 + random.nextInt(largest));
      output.onNext(ByteBuffer.wrap(all, at, size).asReadOnlyBuffer());
      at += size;
    }
    CapturedOutput captured = output.captured();
    assertArrayEquals(expected, captured.bytes(), () -> capture + " of " + all.length);
    assertEquals(all.length > capture.limit(), captured.truncated());
    assertEquals(exceeded, listener.count);
  }

  @Test
  void aNegativeLimitIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> Capture.atMost(-1));
    assertThrows(IllegalArgumentException.class, () -> Capture.head(-1));
    assertThrows(IllegalArgumentException.class, () -> Capture.tail(-1));
  }
}
