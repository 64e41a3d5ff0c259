package dev.procdesc.posix.recording;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;

/** The start of the process that kills the children when this JVM dies. */
@Name("dev.procdesc.GuardianStart")
@Label("Guardian Start")
@Description("A process that was started to kill the children when this JVM dies")
@Category("procdesc")
final class GuardianStartEvent extends Event {
  @Label("Process ID")
  long pid;

  @Label("Replacement")
  @Description("Whether the previous guardian ended unexpectedly")
  boolean replacement;

  @Label("Children")
  @Description("The number of children that it takes over")
  int children;
}
