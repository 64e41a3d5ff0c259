package dev.procdesc.compat.view;

import dev.procdesc.compat.Subjects;
import dev.procdesc.compat.contract.ExitStatusContract;

/** The view as {@code java.lang.Process}. */
final class ExitStatusViewTest extends ExitStatusContract {
  ExitStatusViewTest() {
    super(Subjects.VIEW);
  }
}
