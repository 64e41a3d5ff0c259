package dev.procdesc;

import dev.procdesc.spi.NotifySocket;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The file descriptor store of a service manager: it holds processes while their supervisor
 * restarts, after a crash too.
 *
 * <pre>{@code
 * DescriptorStore store = DescriptorStore.ofNotifySocket().orElseThrow();
 * InheritedDescriptors inherited = InheritedDescriptors.take();
 * ProcessDescriptor worker = inherited.process("worker").orElse(null);
 * if (worker == null) {
 *   worker = Spawner.of("worker").spawn();
 *   store.put("worker", worker);
 * }
 * }</pre>
 *
 * <p><b>What a store does.</b> The manager holds a copy of each descriptor that was put in, and
 * passes all of them to the service whenever it starts it again, which takes them by
 * {@link InheritedDescriptors#take()}. It does so until they are removed, or the service is stopped
 * for good. So a stored process with {@link OnClose#KILL} lives on when its supervisor dies; it
 * dies when the manager gives up the store and no supervisor has the process. Its close by a
 * supervisor kills it no longer: {@link #remove} it too, or call {@link ProcessDescriptor#kill}.
 *
 * <p><b>systemd</b> has such a store for services with {@code FileDescriptorStoreMax=}. Such a
 * service also needs {@code KillMode=process}, because otherwise a restart kills all processes of
 * its control group, {@code Restart=}, and {@code NotifyAccess=main}, which is the default of a
 * service with a store, if the JVM is the main process of the service. The store ends with
 * {@code systemctl stop}, unless {@code FileDescriptorStorePreserve=yes} (systemd 254).
 *
 * <p><b>Full stores.</b> The protocol has no answers: the manager closes descriptors that exceed
 * its maximum, and the process then is not stored. systemd 254 and newer tell the maximum; there
 * {@link #put} refuses what does not fit. With an older systemd, make the maximum large enough: two
 * for each process, because some have a lifeline (see {@link DescriptorChannel}).
 *
 * <p><b>Protocol.</b> Each call sends datagrams to the AF_UNIX socket of the manager:
 * {@code FDSTORE=1}, {@code FDPOLL=0} and {@code FDNAME=} with one descriptor by
 * {@code SCM_RIGHTS}; a lifeline follows in a second datagram, under the name of the process with
 * {@link InheritedDescriptors#LIFELINE} appended. In this order, a supervisor that dies between the
 * two leaves no process that nobody can reach. {@code FDPOLL=0} (systemd 246) keeps a process in
 * the store that has ended, so that the next supervisor learns of it.
 *
 * <p>FreeBSD has no manager with this protocol; see {@link DescriptorChannel} for a way that works
 * there. Instances are safe for use by several threads. An interrupt of a thread ends the call with
 * {@link java.nio.channels.ClosedByInterruptException}; the other threads and later calls are not
 * affected.
 *
 * @see <a href="https://man7.org/linux/man-pages/man3/sd_notify.3.html">sd_notify(3)</a>
 * @see <a href="https://systemd.io/FILE_DESCRIPTOR_STORE/">File Descriptor Store, systemd.io</a>
 */
public final class DescriptorStore {
  private static final String SOCKET = "NOTIFY_SOCKET";
  private static final String MAXIMUM = "FDSTORE";

  private final NotifySocket socket;
  private final OptionalInt maximum;

  /** Serializes the changes of the store; a virtual thread that waits does not pin its carrier. */
  private final ReentrantLock lock = new ReentrantLock();

  /** The number of descriptors with each name, as far as this JVM knows; guarded by the lock. */
  private final Map<String, Integer> stored = new HashMap<>();

  private DescriptorStore(NotifySocket socket, OptionalInt maximum) {
    this.socket = socket;
    this.maximum = maximum;
  }

  /**
   * Returns the store of the service manager that has started this JVM. What this JVM was started
   * with ({@link InheritedDescriptors#announced()}) counts as stored, also a socket of socket
   * activation, because nothing tells it from a stored one. Use one object in the whole JVM, which
   * then knows the names that are in use.
   *
   * @return the store; empty if {@code NOTIFY_SOCKET} is not set, or if {@code FDSTORE} is
   *     {@code 0}. systemd before 254 sets no {@code FDSTORE}: there the service may have no store
   * @throws IllegalArgumentException if the value of {@code NOTIFY_SOCKET} is no address of an
   *     AF_UNIX socket
   * @throws IllegalStateException if another variable is malformed
   * @throws UnsupportedFeatureException without {@link Feature#DESCRIPTOR_CHANNEL}
   */
  public static Optional<DescriptorStore> ofNotifySocket() {
    return of(System.getenv());
  }

  static Optional<DescriptorStore> of(Map<String, String> environment) {
    Optional<String> address = Optional.ofNullable(environment.get(SOCKET));
    OptionalInt maximum = maximum(Optional.ofNullable(environment.get(MAXIMUM)));
    if (address.isEmpty() || (maximum.isPresent() && maximum.getAsInt() == 0)) {
      return Optional.empty();
    }
    DescriptorStore store = new DescriptorStore(connect(address.get()), maximum);
    InheritedDescriptors.announced().forEach(name -> store.stored.merge(name, 1, Integer::sum));
    return Optional.of(store);
  }

  /**
   * Returns the store at an address, about whose contents and size nothing is known.
   *
   * @param address the path of an AF_UNIX, SOCK_DGRAM socket in the file system, which begins with
   *     {@code /}; or {@code @} and an abstract name (Linux)
   * @return the store; that a manager listens at the address is checked at each call
   * @throws IllegalArgumentException if it is no such address, or too long for one
   * @throws UnsupportedFeatureException without {@link Feature#DESCRIPTOR_CHANNEL}
   */
  public static DescriptorStore of(String address) {
    return new DescriptorStore(connect(address), OptionalInt.empty());
  }

  private static NotifySocket connect(String address) {
    return Platform.current()
        .backend()
        .channels()
        .notifySocket(Objects.requireNonNull(address, "address"));
  }

  private static OptionalInt maximum(Optional<String> text) {
    if (text.isEmpty()) {
      return OptionalInt.empty();
    }
    try {
      return OptionalInt.of((int) Math.min(Integer.MAX_VALUE, Long.parseLong(text.get())));
    } catch (NumberFormatException e) {
      throw new IllegalStateException(
          "the environment of this JVM has " + MAXIMUM + "=" + text.get()
              + ", which is malformed: it is no number",
          e);
    }
  }

  /**
   * Returns how many descriptors the store holds at most, lifelines included.
   *
   * @return the value of {@code FDSTORE}; empty if the manager has not set it
   */
  public OptionalInt maximum() {
    return maximum;
  }

  /**
   * Puts a process in the store. When this method returns, the descriptors are on their way to the
   * manager, and arrive also if this JVM is killed. Waits while the queue of the manager is full.
   *
   * <p>systemd attributes a message to its sender's service when it reads it. That always succeeds
   * for the main process of the service; another process should not exit before {@link #await}.
   *
   * @param name the name by which the next supervisor finds the process: at most 246 characters of
   *     ASCII that can be printed, without {@code :}; not empty, and not ending with
   *     {@link InheritedDescriptors#LIFELINE}
   * @param process a process of this library, with {@link Right#SEND}
   * @throws ProcessDescriptorException ENOENT or ECONNREFUSED if no manager listens; EACCES if this
   *     JVM may not write to the socket
   * @throws IllegalArgumentException if the name is not valid
   * @throws IllegalStateException if the store holds something with that name, as far as this
   *     object knows: the next supervisor could not tell the two apart; or if the store is full.
   *     Nothing was sent
   * @throws MissingRightException without {@link Right#SEND}
   * @throws IOException for the other errors of the system
   */
  public void put(String name, ProcessDescriptor process) throws IOException {
    checkName(name);
    Objects.requireNonNull(process, "process");
    String lifeline = name + InheritedDescriptors.LIFELINE;
    lock.lock();
    try {
      if (stored.containsKey(name) || stored.containsKey(lifeline)) {
        throw new IllegalStateException("the store holds a descriptor with the name " + name
            + " already, from this JVM or its predecessor: remove it first, or use another name");
      }
      int used = stored.values().stream().mapToInt(Integer::intValue).sum();
      int sent = socket.put(name, lifeline, process, room(used));
      stored.put(name, 1);
      if (sent > 1) {
        stored.put(lifeline, 1);
      }
    } finally {
      lock.unlock();
    }
  }

  private int room(int used) {
    return maximum.isPresent() ? Math.max(0, maximum.getAsInt() - used) : Integer.MAX_VALUE;
  }

  /**
   * Removes a process from the store, with its lifeline. If no process holds it any more, and it
   * has {@link OnClose#KILL}, it dies. Removing a name that is not in the store has no effect.
   *
   * @param name as for {@link #put}
   * @throws IllegalArgumentException if the name is not valid
   * @throws IOException as {@link #put}
   */
  public void remove(String name) throws IOException {
    checkName(name);
    String lifeline = name + InheritedDescriptors.LIFELINE;
    lock.lock();
    try {
      // The lifeline first: without the process it would keep alive what nobody can reach.
      socket.remove(lifeline);
      socket.remove(name);
      stored.remove(lifeline);
      stored.remove(name);
    } finally {
      lock.unlock();
    }
  }

  private static void checkName(String name) {
    PassedNames.check(name, true);
    if (name.isEmpty() || name.endsWith(InheritedDescriptors.LIFELINE)) {
      throw new IllegalArgumentException("the name of a stored process is not empty and does not"
          + " end with " + InheritedDescriptors.LIFELINE + ": \"" + name + '"');
    }
  }

  /**
   * Waits until the manager has handled all messages that were sent before, by this object and by
   * others. It may have closed descriptors, such as those that exceed its maximum.
   *
   * @param timeout the maximum time to wait
   * @return whether it has; false after the timeout
   * @throws IOException as {@link #put}
   */
  public boolean await(Duration timeout) throws IOException {
    return socket.await(Objects.requireNonNull(timeout, "timeout"));
  }

  @Override
  public String toString() {
    return "the store at " + socket;
  }
}
