package dev.procdesc.posix.ffi;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/** Converts between Java strings and the bytes of the system's names and arguments. */
public final class SystemStrings {
  private static final Charset CHARSET = charset();

  private SystemStrings() {}

  /**
   * Returns the encoding that the JVM itself uses for file names. In the C locale that is ASCII,
   * which cannot represent most names; UTF-8 replaces it then.
   */
  private static Charset charset() {
    Charset named = Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8"));
    return named.equals(StandardCharsets.US_ASCII) ? StandardCharsets.UTF_8 : named;
  }

  /**
   * Encodes a string.
   *
   * @throws IllegalArgumentException if the encoding cannot represent the string; no character is
   *     replaced by a question mark
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

  /** Decodes bytes; malformed input is replaced. */
  public static String decode(byte[] bytes) {
    return new String(bytes, CHARSET);
  }
}
