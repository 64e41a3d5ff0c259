package dev.procdesc.posix.recording;

import dev.procdesc.OnClose;
import dev.procdesc.SpawnException;
import java.util.OptionalLong;
import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;

/** The spawn of a child; one that fails is recorded as a {@link SpawnFailureEvent}. */
@Name("dev.procdesc.Spawn")
@Label("Spawn")
@Description("A child that was started; the duration is that of the spawn")
@Category("procdesc")
final class SpawnEvent extends Event implements Recorder.Spawn {
  @Label("Process ID")
  @Description("0 if it is unknown")
  long pid;

  @Label("Program")
  @Description("The name or path of the program, without its arguments")
  String program;

  @Label("Mechanism")
  @Description("The mechanism that created the child")
  String mechanism;

  @Label("On Close")
  @Description("The effect of the last close on the child")
  String onClose;

  SpawnEvent(String program, String mechanism, OnClose onClose) {
    this.program = program;
    this.mechanism = mechanism;
    this.onClose = onClose.name();
  }

  @Override
  public void succeeded(OptionalLong id) {
    pid = JfrRecorder.number(id);
    commit();
  }

  @Override
  public void failed(Exception cause) {
    SpawnFailureEvent event = new SpawnFailureEvent();
    event.program = program;
    event.mechanism = mechanism;
    // The messages of exceptions are not recorded: they may have arguments of the program.
    event.failure = cause instanceof SpawnException failure
        ? failure.step() + ", errno " + failure.errno()
        : cause.getClass().getSimpleName();
    event.commit();
  }
}
