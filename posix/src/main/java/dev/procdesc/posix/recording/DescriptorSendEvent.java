package dev.procdesc.posix.recording;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Label;
import jdk.jfr.Name;

/** A message of a channel that was sent. */
@Name("dev.procdesc.DescriptorSend")
@Label("Descriptor Send")
@Description("A message that was sent over a channel; the duration is the time to send it")
@Category("procdesc")
final class DescriptorSendEvent extends TransferEvent {}
