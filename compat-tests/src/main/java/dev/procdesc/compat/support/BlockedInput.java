package dev.procdesc.compat.support;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;

/** A stream whose reads return a text and then block until the thread is interrupted. */
public final class BlockedInput extends InputStream {
  private final byte[] text;
  private final CountDownLatch blocked = new CountDownLatch(1);
  private int at;

  /** Creates a stream that begins with a text. */
  public BlockedInput(String text) {
    this.text = text.getBytes(StandardCharsets.UTF_8);
  }

  /** Returns a count that is zero once a thread blocks. */
  public CountDownLatch blocked() {
    return blocked;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    if (at < text.length) {
      int count = Math.min(length, text.length - at);
      System.arraycopy(text, at, target, offset, count);
      at += count;
      return count;
    }
    blocked.countDown();
    try {
      new CountDownLatch(1).await();
      throw new IOException("nothing counts down");
    } catch (InterruptedException e) {
      throw new InterruptedIOException();
    }
  }
}
