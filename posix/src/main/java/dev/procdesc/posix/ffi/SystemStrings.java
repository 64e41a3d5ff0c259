package dev.procdesc.posix.ffi;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/** Java strings as the bytes that the system has for names and arguments. */
public final class SystemStrings {
  private static final Charset CHARSET = charset();

  private SystemStrings() {}

  /**
   * The encoding in which the JVM itself names files. In the C locale that is ASCII, in which most
   * names cannot be said; UTF-8 is what they mean then.
   */
  private static Charset charset() {
    Charset named = Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8"));
    return named.equals(StandardCharsets.US_ASCII) ? StandardCharsets.UTF_8 : named;
  }

  /**
   * The bytes of a text.
   *
   * @throws IllegalArgumentException if the encoding cannot say it; never a question mark instead
   */
  public static byte[] encode(String text) {
    try {
      ByteBuffer bytes = CHARSET
          .newEncoder()
          .onMalformedInput(CodingErrorAction.REPORT)
          .onUnmappableCharacter(CodingErrorAction.REPORT)
          .encode(CharBuffer.wrap(text));
      byte[] copy = new byte[bytes.remaining()];
      bytes.get(copy);
      return copy;
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException(
          "\"" + text + "\" cannot be encoded in " + CHARSET + "; choose a UTF-8 locale", e);
    }
  }

  /** The text of bytes. */
  public static String decode(byte[] bytes) {
    return new String(bytes, CHARSET);
  }
}
