package dev.procdesc.compat;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** The guarantees that a test proves; every test names at least one. */
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
public @interface Contract {
  /**
   * Returns the guarantees.
   *
   * @return {@code C1} to {@code C12}
   */
  String[] value();
}
