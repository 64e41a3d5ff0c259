package dev.procdesc.posix.channel;

import java.util.List;

/** A message as it came. Whoever takes it closes its descriptors. */
final class ReceivedMessage {
  private final byte[] payload;
  private final List<Integer> descriptors;

  ReceivedMessage(byte[] payload, List<Integer> descriptors) {
    this.payload = payload;
    this.descriptors = List.copyOf(descriptors);
  }

  /** The data, not copied. */
  byte[] payload() {
    return payload;
  }

  List<Integer> descriptors() {
    return descriptors;
  }
}
