package dev.procdesc;

import dev.procdesc.OutputSubscribers.LongLine;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.Charset;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.util.function.Consumer;

/** Decodes bytes and splits them into lines. */
final class LineHandler implements HandlingSubscriber.Handler {
  private final CharsetDecoder decoder;
  private final int length;
  private final LongLine longLine;
  private final Consumer<? super String> lines;
  private final CharBuffer decoded = CharBuffer.allocate(8192);
  private final StringBuilder line = new StringBuilder();

  /** The bytes of an incomplete character. */
  private ByteBuffer rest = ByteBuffer.allocate(0);

  /** Set after a carriage return, which ends a line together with a line feed. */
  private boolean afterReturn;

  LineHandler(Charset charset, int length, LongLine longLine, Consumer<? super String> lines) {
    this.decoder = charset
        .newDecoder()
        .onMalformedInput(CodingErrorAction.REPLACE)
        .onUnmappableCharacter(CodingErrorAction.REPLACE);
    this.length = length;
    this.longLine = longLine;
    this.lines = lines;
  }

  @Override
  public void next(ByteBuffer bytes) throws IOException {
    ByteBuffer source = bytes;
    if (rest.hasRemaining()) {
      source = ByteBuffer.allocate(rest.remaining() + bytes.remaining());
      source.put(rest).put(bytes).flip();
    }
    decode(source, false);
    rest = ByteBuffer.allocate(source.remaining()).put(source).flip();
  }

  @Override
  public void end() throws IOException {
    decode(rest, true);
    while (decoder.flush(decoded) == CoderResult.OVERFLOW) {
      take();
    }
    take();
    if (line.length() > 0) {
      pass();
    }
  }

  private void decode(ByteBuffer source, boolean last) throws IOException {
    while (decoder.decode(source, decoded, last).isOverflow()) {
      take();
    }
    take();
  }

  /** Takes the characters that were decoded. */
  private void take() throws IOException {
    decoded.flip();
    while (decoded.hasRemaining()) {
      char next = decoded.get();
      if (next == '\n' && afterReturn) {
        afterReturn = false;
        continue;
      }
      afterReturn = next == '\r';
      if (next == '\n' || next == '\r') {
        pass();
      } else {
        add(next);
      }
    }
    decoded.clear();
  }

  private void add(char next) throws IOException {
    if (line.length() == length) {
      switch (longLine) {
        case SPLIT -> pass();
        case TRUNCATE -> {
          return;
        }
        case FAIL -> throw new IOException("a line exceeds " + length + " characters");
      }
    }
    line.append(next);
  }

  private void pass() {
    String text = line.toString();
    line.setLength(0);
    lines.accept(text);
  }
}
