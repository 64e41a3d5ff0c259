package dev.procdesc.compat.control;

import dev.procdesc.compat.Subjects;
import dev.procdesc.compat.contract.StreamsContract;

/** Runs the contract on {@code java.lang.Process}. */
final class StreamsControlTest extends StreamsContract {
  StreamsControlTest() {
    super(Subjects.CONTROL);
  }
}
