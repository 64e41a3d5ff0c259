package dev.procdesc.posix.channel;

import java.util.List;

/** A received message. The recipient of this object closes the descriptors. */
final class ReceivedMessage {
  private final byte[] payload;
  private final List<Integer> descriptors;

  ReceivedMessage(byte[] payload, List<Integer> descriptors) {
    this.payload = payload;
    this.descriptors = List.copyOf(descriptors);
  }

  /** Returns the data, without copying it. */
  byte[] payload() {
    return payload;
  }

  /** Returns the received descriptors, in the order in which they were sent. */
  List<Integer> descriptors() {
    return descriptors;
  }
}
