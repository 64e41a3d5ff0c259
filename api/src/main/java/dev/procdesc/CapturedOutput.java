package dev.procdesc;

import java.nio.charset.Charset;

/** What was captured of an output. The bytes must not be changed. */
@SuppressWarnings("ArrayRecordComponent") // Never compared.
record CapturedOutput(byte[] bytes, boolean truncated) {
  static final CapturedOutput NONE = new CapturedOutput(new byte[0], false);

  byte[] copy() {
    return bytes.clone();
  }

  String text(Charset charset) {
    return new String(bytes, charset);
  }
}
