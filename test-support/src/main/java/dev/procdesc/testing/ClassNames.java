package dev.procdesc.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;

/** Checks the names of classes that code loads by name. */
public final class ClassNames {
  private ClassNames() {}

  /**
   * Fails if one of several classes does not exist.
   *
   * @param loader the loader of the classes
   * @param root the package to which the names are relative
   * @param names the names, one in each line
   * @throws ClassNotFoundException if a class does not exist
   */
  public static void assertExist(ClassLoader loader, String root, String names)
      throws ClassNotFoundException {
    for (String each : names.split("\n", -1)) {
      String name = root + '.' + each;
      assertEquals(name, Class.forName(name, false, loader).getName());
    }
  }
}
