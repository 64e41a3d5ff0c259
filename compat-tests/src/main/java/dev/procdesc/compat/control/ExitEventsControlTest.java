package dev.procdesc.compat.control;

import dev.procdesc.compat.Subjects;
import dev.procdesc.compat.contract.ExitEventsContract;

/** Runs the contract on {@code java.lang.Process}. */
final class ExitEventsControlTest extends ExitEventsContract {
  ExitEventsControlTest() {
    super(Subjects.CONTROL);
  }
}
