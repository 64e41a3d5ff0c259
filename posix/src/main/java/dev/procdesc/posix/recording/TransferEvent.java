package dev.procdesc.posix.recording;

import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;

/** A message of a channel. */
abstract class TransferEvent extends Event implements Recorder.Transfer {
  @Label("Payload")
  @DataAmount
  long bytes;

  @Label("Processes")
  @Description("The number of processes whose descriptors are in the message")
  int processes;

  @Override
  public void succeeded(int payload, int count) {
    bytes = payload;
    processes = count;
    commit();
  }
}
