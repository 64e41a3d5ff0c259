package dev.procdesc.compat;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** The tests of other projects that a test mirrors. */
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
public @interface Origin {
  /**
   * Returns the mirrored tests.
   *
   * @return the tests, such as {@code capsicum-test: PipePdfork.Close}
   */
  String[] value();
}
