package dev.procdesc.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** Tests that the classes of a first spawn exist; a renamed one would end the loading silently. */
final class FirstSpawnClassesTest {
  @Test
  void allExist() throws Exception {
    for (String each : FirstSpawnClasses.NAMES.split("\n", -1)) {
      String name = getClass().getPackageName() + '.' + each;
      assertEquals(name, Class.forName(name, false, getClass().getClassLoader()).getName());
    }
  }
}
