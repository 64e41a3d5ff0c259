package dev.procdesc.posix.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** Tests that the classes of a first spawn exist; a renamed one would end the loading silently. */
final class PreloadTest {
  @Test
  void allClassesExist() throws Exception {
    for (String name : Preload.SHARED.split("\n", -1)) {
      assertEquals(name, Class.forName(name, false, getClass().getClassLoader()).getName());
    }
  }
}
