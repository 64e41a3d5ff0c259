package dev.procdesc;

import java.nio.charset.Charset;
import java.util.Arrays;

/** The captured bytes of an output, which must not be changed. */
@SuppressWarnings("ArrayRecordComponent") // Never compared.
record CapturedOutput(byte[] bytes, boolean truncated) {
  static final CapturedOutput NONE = new CapturedOutput(new byte[0], false);

  /** Returns these bytes and those of another output. */
  CapturedOutput followedBy(CapturedOutput next) {
    byte[] all = Arrays.copyOf(bytes, bytes.length + next.bytes.length);
    System.arraycopy(next.bytes, 0, all, bytes.length, next.bytes.length);
    return new CapturedOutput(all, truncated || next.truncated);
  }

  byte[] copy() {
    return bytes.clone();
  }

  String text(Charset charset) {
    return new String(bytes, charset);
  }
}
