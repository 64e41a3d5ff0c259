package dev.procdesc.spi;

import dev.procdesc.DescriptorChannel;
import dev.procdesc.ProcessDescriptorException;
import java.nio.file.Path;

/** A factory of channels. The methods are specified at {@link DescriptorChannel}. */
public interface Channels {
  /**
   * Creates a connected pair of channels.
   *
   * @return two open ends
   * @throws ProcessDescriptorException if the system refuses
   */
  DescriptorChannel.Pair pair() throws ProcessDescriptorException;

  /**
   * Connects to a socket in the file system.
   *
   * @param path the path of a socket with a listener
   * @return the connected channel
   * @throws ProcessDescriptorException if the system refuses
   */
  DescriptorChannel connect(Path path) throws ProcessDescriptorException;

  /**
   * Creates a socket in the file system and listens on it.
   *
   * @param path a path that does not exist
   * @return the listener
   * @throws ProcessDescriptorException if the system refuses
   */
  DescriptorChannel.Listener listen(Path path) throws ProcessDescriptorException;

  /**
   * Creates a channel of an open socket, and takes ownership of the socket.
   *
   * @param fd the descriptor number
   * @return the channel
   * @throws ProcessDescriptorException if the descriptor is not an open socket
   */
  DescriptorChannel of(int fd) throws ProcessDescriptorException;

  /**
   * Returns the socket of a service manager, without connecting to it.
   *
   * @param address the path of a socket, or {@code @} and an abstract name
   * @return the socket
   * @throws IllegalArgumentException if it is no address
   */
  NotifySocket notifySocket(String address);
}
