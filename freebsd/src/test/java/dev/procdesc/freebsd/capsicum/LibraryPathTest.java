package dev.procdesc.freebsd.capsicum;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Tests the parsing of a hints file, as written by {@code ldconfig}. */
final class LibraryPathTest {
  private static final String LIST = "/lib:/usr/lib:/usr/local/lib:/usr/local/lib/perl5";

  /** Returns a hints file: a header of 32 words, then strings, of which the list is the second. */
  private static ByteBuffer hints(String list) {
    byte[] strings = ("x\0" + list + "\0").getBytes(StandardCharsets.ISO_8859_1);
    ByteBuffer hints = ByteBuffer.allocate(128 + strings.length).order(ByteOrder.LITTLE_ENDIAN);
    hints.putInt(0x746e6845).putInt(1).putInt(128).putInt(strings.length);
    hints.putInt(2).putInt(list.length());
    return hints.put(128, strings);
  }

  @Test
  void theDirectoriesInTheirOrder() {
    assertEquals(
        List.of("/lib", "/usr/lib", "/usr/local/lib", "/usr/local/lib/perl5"),
        LibraryPath.ofHints(hints(LIST).array()));
  }

  @Test
  void whatIsNoAbsolutePathIsNoDirectory() {
    assertEquals(List.of("/lib"), LibraryPath.ofHints(hints("::lib:/lib:").array()));
    assertEquals(List.of(), LibraryPath.ofHints(hints("").array()));
  }

  @Test
  void whatIsDamagedHasNone() {
    assertEquals(List.of(), LibraryPath.ofHints(new byte[0]));
    assertEquals(List.of(), LibraryPath.ofHints(new byte[128]));
    assertEquals(List.of(), LibraryPath.ofHints(hints(LIST).putInt(0, 1).array()));
    assertEquals(List.of(), LibraryPath.ofHints(hints(LIST).putInt(4, 2).array()));
    for (int field : new int[] {8, 16, 20}) {
      assertEquals(
          List.of(), LibraryPath.ofHints(hints(LIST).putInt(field, 4096).array()));
      assertEquals(List.of(), LibraryPath.ofHints(hints(LIST).putInt(field, -1).array()));
    }
  }
}
