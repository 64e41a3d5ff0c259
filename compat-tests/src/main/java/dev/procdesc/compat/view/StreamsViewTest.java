package dev.procdesc.compat.view;

import dev.procdesc.compat.Subjects;
import dev.procdesc.compat.contract.StreamsContract;

/** The view as {@code java.lang.Process}. */
final class StreamsViewTest extends StreamsContract {
  StreamsViewTest() {
    super(Subjects.VIEW);
  }
}
