package dev.procdesc.spi;

import dev.procdesc.DescriptorChannel;
import dev.procdesc.ProcessDescriptorException;
import java.nio.file.Path;

/** Makes channels; see {@link DescriptorChannel} for what each method does. */
public interface Channels {
  /**
   * Makes two connected ends.
   *
   * @return both open
   * @throws ProcessDescriptorException if the system refuses
   */
  DescriptorChannel.Pair pair() throws ProcessDescriptorException;

  /**
   * Connects.
   *
   * @param path where somebody listens
   * @return connected
   * @throws ProcessDescriptorException if the system refuses
   */
  DescriptorChannel connect(Path path) throws ProcessDescriptorException;

  /**
   * Listens.
   *
   * @param path where nothing is yet
   * @return accepts connections
   * @throws ProcessDescriptorException if the system refuses
   */
  DescriptorChannel.Listener listen(Path path) throws ProcessDescriptorException;

  /**
   * Takes a socket over.
   *
   * @param fd its number
   * @return a channel of it
   * @throws ProcessDescriptorException if it is no open socket
   */
  DescriptorChannel of(int fd) throws ProcessDescriptorException;
}
