package dev.procdesc.compat.view;

import dev.procdesc.compat.Subjects;
import dev.procdesc.compat.contract.ExitEventsContract;

/** The view as {@code java.lang.Process}. */
final class ExitEventsViewTest extends ExitEventsContract {
  ExitEventsViewTest() {
    super(Subjects.VIEW);
  }
}
