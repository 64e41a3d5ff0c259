package dev.procdesc;

import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.function.Consumer;

/**
 * Subscribers for {@link PipeInput#publisher}, which pass the output of a child to a handler.
 *
 * <pre>{@code
 * PipeSubscriber lines = OutputSubscribers.ofLines(line -> log.info(line));
 * child.stdout().publisher(executor).subscribe(lines);
 * lines.completion().thenRun(() -> log.info("end of the output"));
 * }</pre>
 *
 * <p>The subscribers request one buffer after the other, so a handler that is slow slows its child
 * down and nothing else. A handler runs in the tasks of the executor, one call after the other. If
 * it throws, the stream is cancelled, which closes the pipe, and the completion fails with its
 * exception.
 */
public final class OutputSubscribers {
  /** The largest number of characters of a line, unless another one is given: 65,536. */
  public static final int LINE_LENGTH = 65_536;

  private OutputSubscribers() {}

  /** The treatment of a line that exceeds the largest length. */
  public enum LongLine {
    /** The line is passed in several calls, each with as many characters as permitted. */
    SPLIT,
    /** The line is passed without the characters that exceed the length. */
    TRUNCATE,
    /** The stream is cancelled, and its completion fails with {@link java.io.IOException}. */
    FAIL
  }

  /**
   * Returns a subscriber that passes the bytes to a handler.
   *
   * @param handler receives read-only buffers that it may retain
   * @return a new subscriber, for one subscription
   */
  public static PipeSubscriber ofBytes(Consumer<? super ByteBuffer> handler) {
    Objects.requireNonNull(handler, "handler");
    return new HandlingSubscriber(new HandlingSubscriber.Handler() {
      @Override
      public void next(ByteBuffer bytes) {
        handler.accept(bytes);
      }

      @Override
      public void end() {
        // Nothing was retained.
      }
    });
  }

  /**
   * Returns a subscriber that passes lines in UTF-8 to a handler. It splits lines of more than
   * {@link #LINE_LENGTH} characters.
   *
   * @param handler receives each line, without its end
   * @return a new subscriber, for one subscription
   */
  public static PipeSubscriber ofLines(Consumer<? super String> handler) {
    return ofLines(StandardCharsets.UTF_8, LINE_LENGTH, LongLine.SPLIT, handler);
  }

  /**
   * Returns a subscriber that passes lines to a handler. A line ends as for
   * {@link java.io.BufferedReader}: with a line feed, a carriage return, or both in this order; the
   * last line also with the end of file. Malformed and unmappable bytes are replaced, as
   * {@link String#String(byte[], Charset)} does. Where the stream fails, an incomplete last line is
   * not passed on.
   *
   * @param charset the encoding
   * @param length the largest number of characters ({@code char} values) of a line, without its end
   * @param longLine the treatment of a longer line
   * @param handler receives each line, without its end
   * @return a new subscriber, for one subscription
   * @throws IllegalArgumentException if the length is not positive
   */
  public static PipeSubscriber ofLines(
      Charset charset, int length, LongLine longLine, Consumer<? super String> handler) {
    if (length <= 0) {
      throw new IllegalArgumentException("the length of a line must be positive, not " + length);
    }
    return new HandlingSubscriber(new LineHandler(
        Objects.requireNonNull(charset, "charset"),
        length,
        Objects.requireNonNull(longLine, "longLine"),
        Objects.requireNonNull(handler, "handler")));
  }
}
