package dev.procdesc.compat.support;

import dev.procdesc.ChannelOptions;
import dev.procdesc.DescriptorChannel;
import dev.procdesc.Feature;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.compat.Requires;
import java.io.IOException;

/**
 * A channel whose other end is held by a program in another language, and by no other process.
 *
 * @param channel the end of this JVM
 * @param python the program at the other end
 */
public record ForeignPeer(DescriptorChannel channel, Holder python) implements AutoCloseable {
  /** Starts the program; skips the test where Python or a feature is missing. */
  public static ForeignPeer start() throws IOException {
    return start(ChannelOptions.defaults());
  }

  /** Starts the program, whose socket is of the kind that the options need. */
  public static ForeignPeer start(ChannelOptions options) throws IOException {
    Requires.feature(Feature.CHILD_SETUP);
    DescriptorChannel.Pair pair = DescriptorChannel.pair(options);
    try {
      return new ForeignPeer(pair.first(), Holder.python(pair.second()));
    } catch (Throwable e) {
      pair.first().close();
      throw e;
    } finally {
      pair.second().close();
    }
  }

  /** Sends a process to the program, which receives it; returns the program's answer. */
  public String hand(ProcessDescriptor process) throws IOException {
    channel.send(Messages.bytes("hello"), process);
    return python.ask("receive");
  }

  @Override
  public void close() {
    python.close();
    channel.close();
  }
}
