package dev.procdesc.posix.recording;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;

/** A spawn that has failed and left no child. */
@Name("dev.procdesc.SpawnFailure")
@Label("Spawn Failure")
@Description("A child that could not be started")
@Category("procdesc")
final class SpawnFailureEvent extends Event {
  @Label("Program")
  @Description("The name or path of the program, without its arguments")
  String program = "";

  @Label("Mechanism")
  @Description("The mechanism that creates children")
  String mechanism = "";

  @Label("Failure")
  @Description("The step that failed and its error number, or the name of the exception")
  String failure = "";
}
