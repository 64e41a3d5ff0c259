package dev.procdesc.compat.support;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.procdesc.DescriptorChannel;
import dev.procdesc.DescriptorChannel.Message;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.testing.Timeouts;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** Sends and receives messages over a {@link DescriptorChannel}, for tests. */
public final class Messages {
  private Messages() {}

  /** Returns a text as a payload. */
  public static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** Returns the payload of a message as a text. */
  public static String text(Message message) {
    return new String(message.payload(), StandardCharsets.UTF_8);
  }

  /** Receives a message, which must arrive. */
  public static Message receive(DescriptorChannel channel) throws IOException {
    return channel.receive(Timeouts.CEILING).orElseThrow();
  }

  /** Receives a message and closes its descriptors, which must be of these processes. */
  public static Message receiveOf(DescriptorChannel channel, ProcessDescriptor... processes)
      throws IOException {
    try (Message message = receive(channel)) {
      assertEquals(processes.length, message.descriptors().size());
      for (int i = 0; i < processes.length; i++) {
        assertEquals(processes[i].pid(), message.descriptors().get(i).pid());
      }
      return message;
    }
  }
}
