package dev.procdesc.compat.control;

import dev.procdesc.compat.Subjects;
import dev.procdesc.compat.contract.ExitStatusContract;

/** Runs the contract on {@code java.lang.Process}. */
final class ExitStatusControlTest extends ExitStatusContract {
  ExitStatusControlTest() {
    super(Subjects.CONTROL);
  }
}
