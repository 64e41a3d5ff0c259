package dev.procdesc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ProcessIdentityTest {
  @ParameterizedTest
  @CsvSource({
    "1:1, 1, 1",
    "1234:5271662, 1234, 5271662",
    "4194304:4294967298, 4194304, 4294967298",
    "2147483647:9223372036854775807, 2147483647, 9223372036854775807",
    "2:9223372036854775808, 2, -9223372036854775808",
    "2:18446744073709551615, 2, -1"
  })
  void aTextIsReadAndWritten(String text, long pid, long inode) {
    ProcessIdentity identity = ProcessIdentity.parse(text);
    assertEquals(new ProcessIdentity(pid, inode), identity);
    assertEquals(pid, identity.pid());
    assertEquals(inode, identity.inode());
    assertEquals(text, identity.toString());
  }

  @Test
  void bothNumbersCount() {
    ProcessIdentity identity = new ProcessIdentity(3, 4);
    assertNotEquals(identity, new ProcessIdentity(3, 5));
    assertNotEquals(identity, new ProcessIdentity(2, 4));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ":",
        "1",
        "1:",
        ":1",
        "1:2:3",
        "0:1",
        "1:0",
        "-1:1",
        "1:-1",
        "+1:1",
        "1:+1",
        " 1:1",
        "1:1 ",
        "1: 1",
        "1 :1",
        "01:1",
        "1:01",
        "1:1\n",
        "0x1:1",
        "1.1",
        "null:null",
        "\u0661:1",
        "12345678901:1",
        "1:123456789012345678901"
      })
  void anotherFormIsRefused(String text) {
    assertRefused(text, "PID:INODE");
  }

  @Test
  void aNumberOutOfItsRangeIsRefused() {
    assertRefused("2147483648:1", "1 to 2147483647, not 2147483648");
    assertRefused(
        "1:18446744073709551616", "at most 18446744073709551615, not 1844674407370955161");
    for (long pid : new long[] {0, -1, 1L << 31, Long.MIN_VALUE}) {
      assertThrows(IllegalArgumentException.class, () -> new ProcessIdentity(pid, 1));
    }
    assertThrows(IllegalArgumentException.class, () -> new ProcessIdentity(1, 0));
  }

  private static void assertRefused(String text, String reason) {
    var thrown = assertThrows(IllegalArgumentException.class, () -> ProcessIdentity.parse(text));
    assertTrue(String.valueOf(thrown.getMessage()).contains(reason), thrown.toString());
  }
}
