package dev.procdesc.posix.ffi;

import dev.procdesc.spi.SystemPath;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.MalformedInputException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Converts between Java strings and the bytes of the system's names and arguments. */
public final class SystemStrings {
  private static final Charset CHARSET = charset();

  /** The character that the JVM decodes from bytes that are not valid in its encoding. */
  private static final char REPLACEMENT = '\uFFFD';

  private SystemStrings() {}

  /**
   * Returns the encoding that the JVM itself uses for file names. In the C locale that is ASCII,
   * which cannot represent most names; UTF-8 replaces it then.
   */
  private static Charset charset() {
    Charset named = charsetOfJvm();
    return named.equals(StandardCharsets.US_ASCII) ? StandardCharsets.UTF_8 : named;
  }

  private static Charset charsetOfJvm() {
    return Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8"));
  }

  /**
   * Encodes a string.
   *
   * @throws IllegalArgumentException if the encoding cannot represent the string; no character is
   *     replaced by a question mark
   */
  public static byte[] encode(String text) {
    byte[] encoded = text.getBytes(CHARSET); // Which replaces what it cannot represent.
    return decode(encoded).equals(text) ? encoded : encodeStrictly(text);
  }

  private static byte[] encodeStrictly(String text) {
    try {
      ByteBuffer bytes = CHARSET
          .newEncoder()
          .onMalformedInput(CodingErrorAction.REPORT)
          .onUnmappableCharacter(CodingErrorAction.REPORT)
          .encode(CharBuffer.wrap(text));
      byte[] copy = new byte[bytes.remaining()];
      bytes.get(copy);
      return copy;
    } catch (MalformedInputException e) {
      throw new IllegalArgumentException(
          "\"" + escaped(text)
              + "\" cannot be encoded: it has a surrogate without the other one of its pair",
          e);
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException(
          "\"" + text + "\" cannot be encoded in " + CHARSET + "; choose a UTF-8 locale", e);
    }
  }

  /** Returns a text in which the surrogates are escaped that no encoding can represent. */
  private static String escaped(String text) {
    StringBuilder escaped = new StringBuilder();
    text.codePoints().forEach(point -> {
      if (point <= Character.MAX_VALUE && Character.isSurrogate((char) point)) {
        escaped.append(String.format("\\u%04X", point));
      } else {
        escaped.appendCodePoint(point);
      }
    });
    return escaped.toString();
  }

  /**
   * Encodes a path. A name that the JVM could not decode keeps its bytes. The empty path is the
   * working directory, as elsewhere in Java.
   *
   * @throws UnsupportedOperationException if the path is not of the default file system
   */
  public static byte[] encode(Path path) {
    String text = SystemPath.check(path).toString();
    if (text.isEmpty()) {
      return encode(".");
    }
    return isLossy(text) ? bytesOf(path, text.endsWith("/")) : encode(text);
  }

  /** Returns the bytes of an absolute form of a path, which only its URI reveals. */
  private static byte[] bytesOf(Path path, boolean slashAtEnd) {
    String escaped = path.toUri().getRawPath();
    // The URI of a directory ends with a slash.
    int end = escaped.length() - (!slashAtEnd && escaped.endsWith("/") ? 1 : 0);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (int i = 0; i < end; i++) {
      char next = escaped.charAt(i);
      if (next == '%') {
        bytes.write(Integer.parseInt(escaped.substring(i + 1, i + 3), 16));
        i += 2;
      } else {
        bytes.write(next);
      }
    }
    return bytes.toByteArray();
  }

  /** Decodes bytes; malformed input is replaced. */
  public static String decode(byte[] bytes) {
    return new String(bytes, CHARSET);
  }

  /** Returns the text that the JVM itself makes of bytes, as in {@link System#getenv()}. */
  public static String decodeAsJvm(byte[] bytes) {
    return new String(bytes, charsetOfJvm());
  }

  /** Returns whether a text may come from bytes that the JVM could not decode. */
  public static boolean isLossy(String text) {
    return text.indexOf(REPLACEMENT) >= 0;
  }
}
