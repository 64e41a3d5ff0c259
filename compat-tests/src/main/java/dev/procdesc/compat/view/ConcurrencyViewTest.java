package dev.procdesc.compat.view;

import dev.procdesc.compat.Subjects;
import dev.procdesc.compat.contract.ConcurrencyContract;

/** The view as {@code java.lang.Process}. */
final class ConcurrencyViewTest extends ConcurrencyContract {
  ConcurrencyViewTest() {
    super(Subjects.VIEW);
  }
}
