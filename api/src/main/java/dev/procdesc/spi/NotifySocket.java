package dev.procdesc.spi;

import dev.procdesc.ProcessDescriptor;
import java.io.IOException;
import java.time.Duration;

/**
 * The socket at which a service manager takes messages. The methods are specified at
 * {@link dev.procdesc.DescriptorStore}; their arguments are checked.
 */
public interface NotifySocket {
  /**
   * Sends a process to be stored, and then its lifeline, if it has one.
   *
   * @param name the name of the process
   * @param lifeline the name of its lifeline
   * @param process the process
   * @param room the largest number of descriptors that the store has room for
   * @return the number of descriptors that were sent
   * @throws IllegalStateException if the process has more than {@code room}; nothing was sent
   * @throws IOException if the system refuses; what was sent is removed
   */
  int put(String name, String lifeline, ProcessDescriptor process, int room) throws IOException;

  /**
   * Asks for the removal of what was stored under a name.
   *
   * @param name the name
   * @throws IOException if the system refuses
   */
  void remove(String name) throws IOException;

  /**
   * Waits until the manager has handled all earlier messages.
   *
   * @param timeout the maximum time to wait
   * @return whether it has
   * @throws IOException if the system refuses
   */
  boolean await(Duration timeout) throws IOException;
}
