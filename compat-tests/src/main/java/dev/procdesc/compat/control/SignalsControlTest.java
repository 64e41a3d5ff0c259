package dev.procdesc.compat.control;

import dev.procdesc.compat.Subjects;
import dev.procdesc.compat.contract.SignalsContract;

/** Runs the contract on {@code java.lang.Process}. */
final class SignalsControlTest extends SignalsContract {
  SignalsControlTest() {
    super(Subjects.CONTROL);
  }
}
