package dev.procdesc.posix.backend;

import dev.procdesc.testing.ClassNames;
import org.junit.jupiter.api.Test;

/** Tests that the classes of a first spawn exist; a renamed one would end the loading silently. */
final class PreloadTest {
  @Test
  void allClassesExist() throws Exception {
    ClassLoader loader = getClass().getClassLoader();
    ClassNames.assertExist(loader, "com.kenai.jffi", Preload.OF_JFFI);
    ClassNames.assertExist(loader, "dev.procdesc", Preload.SHARED);
  }
}
