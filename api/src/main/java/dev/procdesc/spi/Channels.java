package dev.procdesc.spi;

import dev.procdesc.AccessMode;
import dev.procdesc.Attachment;
import dev.procdesc.ChannelOptions;
import dev.procdesc.DescriptorChannel;
import dev.procdesc.ProcessDescriptorException;
import java.nio.file.Path;

/** A factory of channels. The methods are specified at {@link DescriptorChannel}. */
public interface Channels {
  /**
   * Creates a connected pair of channels.
   *
   * @param options the options of both ends
   * @return two open ends
   * @throws ProcessDescriptorException if the system refuses
   */
  DescriptorChannel.Pair pair(ChannelOptions options) throws ProcessDescriptorException;

  /**
   * Connects to a socket in the file system.
   *
   * @param path the path of a socket with a listener
   * @param options the options of the channel
   * @return the connected channel
   * @throws ProcessDescriptorException if the system refuses
   */
  DescriptorChannel connect(Path path, ChannelOptions options) throws ProcessDescriptorException;

  /**
   * Creates a socket in the file system and listens on it.
   *
   * @param path a path that does not exist
   * @param options the options of the accepted channels
   * @return the listener
   * @throws ProcessDescriptorException if the system refuses
   */
  DescriptorChannel.Listener listen(Path path, ChannelOptions options)
      throws ProcessDescriptorException;

  /**
   * Creates a channel of an open socket, and takes ownership of the socket.
   *
   * @param fd the descriptor number
   * @param options the options of the channel
   * @return the channel
   * @throws ProcessDescriptorException if the descriptor is not an open socket
   */
  DescriptorChannel of(int fd, ChannelOptions options) throws ProcessDescriptorException;

  /**
   * Opens a file or a directory, as specified at {@link Attachment#open}.
   *
   * @param path the path
   * @param access the access, but not {@link AccessMode#NONE}
   * @return the open descriptor
   * @throws ProcessDescriptorException if the system refuses
   */
  Attachment open(Path path, AccessMode access) throws ProcessDescriptorException;

  /**
   * Returns the socket of a service manager, without connecting to it.
   *
   * @param address the path of a socket, or {@code @} and an abstract name
   * @return the socket
   * @throws IllegalArgumentException if it is no address
   */
  NotifySocket notifySocket(String address);
}
