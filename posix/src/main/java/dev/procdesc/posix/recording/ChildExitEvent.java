package dev.procdesc.posix.recording;

import dev.procdesc.ExitStatus;
import java.util.OptionalLong;
import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** The end of a child. */
@Name("dev.procdesc.ChildExit")
@Label("Child Exit")
@Description(
    "A child that has ended; the duration is its lifetime, or 0 if its start was not recorded")
@Category("procdesc")
@StackTrace(false) // The thread is the one that collects the exit status.
final class ChildExitEvent extends Event implements Recorder.Life {
  @Label("Process ID")
  @Description("0 if it is unknown")
  long pid;

  @Label("Exit Status")
  String status = "";

  @Override
  public void ended(OptionalLong id, ExitStatus end) {
    if (shouldCommit()) {
      pid = JfrRecorder.number(id);
      status = end.toString();
      commit();
    }
  }
}
