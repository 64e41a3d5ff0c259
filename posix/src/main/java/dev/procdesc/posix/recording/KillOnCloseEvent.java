package dev.procdesc.posix.recording;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;

/** The kill of a child by its last close in this JVM. */
@Name("dev.procdesc.KillOnClose")
@Label("Kill on Close")
@Description("A running child that was killed because its descriptor was closed")
@Category("procdesc")
final class KillOnCloseEvent extends Event {
  @Label("Process ID")
  @Description("0 if it is unknown")
  long pid;
}
