package dev.procdesc.compat.control;

import dev.procdesc.compat.Subjects;
import dev.procdesc.compat.contract.SpawnContract;

/** {@code java.lang.Process}. */
final class SpawnControlTest extends SpawnContract {
  SpawnControlTest() {
    super(Subjects.CONTROL);
  }
}
