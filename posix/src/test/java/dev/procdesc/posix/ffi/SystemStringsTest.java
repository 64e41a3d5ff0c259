package dev.procdesc.posix.ffi;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.procdesc.testing.JavaProgram;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SystemStringsTest {
  private static final String GREETING = "gr\u00FC\u00DF \u20AC \uD83D\uDE00";

  /** Prints the bytes of each argument, which is passed in hexadecimal UTF-16 to arrive intact. */
  public static final class Encode {
    private Encode() {}

    /** Runs the program. */
    public static void main(String[] arguments) {
      PrintStream out = System.out;
      for (String argument : arguments) {
        String text = new String(HexFormat.of().parseHex(argument), StandardCharsets.UTF_16BE);
        try {
          byte[] bytes = SystemStrings.encode(text);
          out.println(
              HexFormat.of().formatHex(bytes) + " " + text.equals(SystemStrings.decode(bytes)));
        } catch (IllegalArgumentException e) {
          out.println("refused");
        }
      }
    }
  }

  /** Prints the encoding of the JVM. */
  public static final class Encoding {
    private Encoding() {}

    /** Runs the program. */
    public static void main(String[] arguments) {
      System.out.println(System.getProperty("sun.jnu.encoding"));
    }
  }

  private static String run(Map<String, String> environment, String text) throws Exception {
    String hex = HexFormat.of().formatHex(text.getBytes(StandardCharsets.UTF_16BE));
    var result = JavaProgram.run(environment, List.of(), Encode.class, hex);
    assertEquals(0, result.code(), result.out());
    return result.out().strip();
  }

  private static String utf8(String text) {
    return HexFormat.of().formatHex(text.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void asciiIsItself() {
    String ascii = "/usr/bin/env -i A=b ~!@#$%^&*()_+{}|\\\"'\t\n\u007F";
    assertArrayEquals(ascii.getBytes(StandardCharsets.US_ASCII), SystemStrings.encode(ascii));
    assertEquals(ascii, SystemStrings.decode(SystemStrings.encode(ascii)));
    assertEquals(0, SystemStrings.encode("").length);
  }

  @Test
  void halfASurrogatePairIsRefused() {
    for (String text : List.of("\uD800", "a\uDC00b", "\uDC00\uD800", "end\uD83D")) {
      var refusal = assertThrows(IllegalArgumentException.class, () -> SystemStrings.encode(text));
      String message = String.valueOf(refusal.getMessage());
      assertTrue(message.contains("cannot be encoded: it has a surrogate"), message);
      assertFalse(message.contains("locale"), message);
      assertTrue(message.chars().noneMatch(each -> Character.isSurrogate((char) each)), message);
    }
  }

  @Test
  void theCLocaleMeansUtf8() throws Exception {
    assertEquals(utf8(GREETING) + " true", run(Map.of("LC_ALL", "C"), GREETING));
  }

  @Test
  void thePosixLocaleMeansUtf8() throws Exception {
    assertEquals(utf8(GREETING) + " true", run(Map.of("LC_ALL", "POSIX"), GREETING));
  }

  @Test
  void anotherEncodingIsUsedAndSaysNoToWhatItHasNot(@TempDir Path directory) throws Exception {
    Path locale = directory.resolve("en_US.ISO-8859-1");
    // No system installs this locale by default; localedef creates it from the sources of locales.
    makeLocale("localedef", "-i", "en_US", "-f", "ISO-8859-1", locale.toString());
    Map<String, String> latin1 =
        Map.of("LOCPATH", directory.toString(), "LC_ALL", "en_US.ISO-8859-1");
    var encoding = JavaProgram.run(latin1, List.of(), Encoding.class);
    assumeTrue(
        encoding.out().strip().equals("ISO-8859-1"),
        "there is no locale whose encoding is ISO-8859-1, nor localedef(1) to make one");
    assertEquals("6772fcdf true", run(latin1, "gr\u00FC\u00DF"));
    assertEquals("refused", run(latin1, "\u20AC"));
  }

  private static void makeLocale(String... command) throws InterruptedException {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      process.getOutputStream().close();
      process.getInputStream().readAllBytes();
      process.waitFor();
    } catch (IOException e) {
      // The locale is missing then, which a query for it detects.
      assertTrue(String.valueOf(e.getMessage()).contains(command[0]), e.toString());
    }
  }
}
