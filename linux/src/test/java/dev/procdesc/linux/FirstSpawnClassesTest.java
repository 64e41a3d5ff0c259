package dev.procdesc.linux;

import dev.procdesc.testing.ClassNames;
import org.junit.jupiter.api.Test;

/** Tests that the classes of a first spawn exist; a renamed one would end the loading silently. */
final class FirstSpawnClassesTest {
  @Test
  void allExist() throws Exception {
    ClassNames.assertExist(
        getClass().getClassLoader(), getClass().getPackageName(), FirstSpawnClasses.NAMES);
  }
}
