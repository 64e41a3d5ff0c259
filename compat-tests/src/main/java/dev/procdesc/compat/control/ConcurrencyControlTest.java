package dev.procdesc.compat.control;

import dev.procdesc.compat.Subjects;
import dev.procdesc.compat.contract.ConcurrencyContract;

/** Runs the contract on {@code java.lang.Process}. */
final class ConcurrencyControlTest extends ConcurrencyContract {
  ConcurrencyControlTest() {
    super(Subjects.CONTROL);
  }
}
