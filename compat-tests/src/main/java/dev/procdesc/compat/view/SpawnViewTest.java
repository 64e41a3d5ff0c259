package dev.procdesc.compat.view;

import dev.procdesc.compat.Subjects;
import dev.procdesc.compat.contract.SpawnContract;

/** The view as {@code java.lang.Process}. */
final class SpawnViewTest extends SpawnContract {
  SpawnViewTest() {
    super(Subjects.VIEW);
  }
}
