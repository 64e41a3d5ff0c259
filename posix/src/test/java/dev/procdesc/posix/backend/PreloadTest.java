package dev.procdesc.posix.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** Tests that the classes of a first spawn exist; a renamed one would end the loading silently. */
final class PreloadTest {
  private static void assertExist(String root, String names) throws Exception {
    for (String each : names.split("\n", -1)) {
      String name = root + '.' + each;
      assertEquals(
          name, Class.forName(name, false, PreloadTest.class.getClassLoader()).getName());
    }
  }

  @Test
  void allClassesExist() throws Exception {
    assertExist("com.kenai.jffi", Preload.OF_JFFI);
    assertExist("dev.procdesc", Preload.SHARED);
  }
}
