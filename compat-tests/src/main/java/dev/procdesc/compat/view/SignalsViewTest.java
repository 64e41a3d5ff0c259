package dev.procdesc.compat.view;

import dev.procdesc.compat.Subjects;
import dev.procdesc.compat.contract.SignalsContract;

/** The view as {@code java.lang.Process}. */
final class SignalsViewTest extends SignalsContract {
  SignalsViewTest() {
    super(Subjects.VIEW);
  }
}
