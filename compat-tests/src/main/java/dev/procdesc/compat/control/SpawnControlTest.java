package dev.procdesc.compat.control;

import dev.procdesc.compat.Subjects;
import dev.procdesc.compat.contract.SpawnContract;

/** Runs the contract on {@code java.lang.Process}. */
final class SpawnControlTest extends SpawnContract {
  SpawnControlTest() {
    super(Subjects.CONTROL);
  }
}
