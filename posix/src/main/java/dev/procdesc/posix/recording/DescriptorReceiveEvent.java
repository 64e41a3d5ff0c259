package dev.procdesc.posix.recording;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Label;
import jdk.jfr.Name;

/** A message of a channel that was received. */
@Name("dev.procdesc.DescriptorReceive")
@Label("Descriptor Receive")
@Description("A message that was received over a channel; the duration includes the wait for it")
@Category("procdesc")
final class DescriptorReceiveEvent extends TransferEvent {}
