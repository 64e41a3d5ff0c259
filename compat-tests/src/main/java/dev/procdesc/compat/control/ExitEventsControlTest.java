package dev.procdesc.compat.control;

import dev.procdesc.compat.Subjects;
import dev.procdesc.compat.contract.ExitEventsContract;

/** {@code java.lang.Process}. */
final class ExitEventsControlTest extends ExitEventsContract {
  ExitEventsControlTest() {
    super(Subjects.CONTROL);
  }
}
