package dev.procdesc;

import dev.procdesc.spi.Announcement;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The descriptors with which this JVM was started, in the form of systemd: by
 * {@link Spawner#passDescriptor}, by a service manager, or by another program.
 *
 * <pre>{@code
 * InheritedDescriptors inherited = InheritedDescriptors.take();
 * try (ProcessDescriptor worker = inherited.process("worker").orElseThrow()) {
 *   worker.waitFor();
 * }
 * }</pre>
 *
 * <p><b>Form.</b> The descriptors have the numbers from 3 on. {@code LISTEN_FDS} is their count,
 * and {@code LISTEN_FDNAMES} their names, separated by colons. {@code LISTEN_PID} is the ID of the
 * process for which the variables are meant, and {@code LISTEN_PIDFDID} (systemd 259) the number of
 * its inode in pidfs ({@link ProcessIdentity}): if they are those of another process, nothing was
 * passed to this JVM. The two may be absent, because who creates a process does not know its ID
 * before.
 *
 * <p><b>Lifelines.</b> A process that dies with its last holder, and that not the kernel kills, has
 * a second descriptor, its lifeline (see {@link DescriptorChannel}). Its name is that of the
 * process with {@link #LIFELINE} appended; without {@code LISTEN_FDNAMES} it is the pipe that
 * follows the process. It is not listed separately.
 *
 * <p>A JVM cannot remove variables from its environment. The children of {@link Spawner} do not
 * inherit these, but those of {@link ProcessBuilder} do: remove them from
 * {@link ProcessBuilder#environment()}. Without {@code LISTEN_PID}, a child that calls
 * {@link #take()} could take a file that its own JVM has opened for one that was passed to it.
 *
 * @see <a href="https://man7.org/linux/man-pages/man3/sd_listen_fds.3.html">sd_listen_fds(3)</a>
 */
public final class InheritedDescriptors {
  /** The end of the name of a lifeline. */
  public static final String LIFELINE = ".lifeline";

  private static final String COUNT = "LISTEN_FDS";
  private static final String NAMES = "LISTEN_FDNAMES";
  private static final String PID = "LISTEN_PID";
  private static final String INODE = "LISTEN_PIDFDID";

  /** Set when the descriptors belong to a caller; guarded by the class. */
  private static boolean taken;

  private final List<InheritedDescriptor> all;

  private InheritedDescriptors(List<InheritedDescriptor> all) {
    this.all = all;
  }

  /**
   * Takes the descriptors with which this JVM was started: makes all of them close-on-exec, and
   * adopts those of processes as {@link ProcessDescriptor#of(int, int)}. Call it early: until then,
   * programs that other code starts may inherit the descriptors. This method works in the
   * descriptor-only mode.
   *
   * @return the descriptors; empty if none were passed to this JVM
   * @throws ProcessDescriptorException EBADF if one is not open. Nothing was adopted or closed
   * @throws IllegalStateException if they were taken before; if a variable is malformed; if an open
   *     object of this library owns one of the numbers; if {@code LISTEN_PID} is absent and a
   *     descriptor is close-on-exec, so that it was not inherited; or if it is not clear to which
   *     of several processes of the same name a lifeline belongs
   */
  public static synchronized InheritedDescriptors take() throws ProcessDescriptorException {
    Optional<Announcement> announced = read(System.getenv());
    if (announced.isEmpty()) {
      return new InheritedDescriptors(List.of());
    }
    if (taken) {
      throw new IllegalStateException("the descriptors that this JVM was started with were taken"
          + " before, and belong to that caller");
    }
    List<InheritedDescriptor> all =
        Platform.current().backend().adoption().inherit(announced.get());
    taken = true;
    return new InheritedDescriptors(List.copyOf(all));
  }

  /**
   * Returns the names of the descriptors with which this JVM was started, lifelines included,
   * without taking them.
   *
   * @return an unmodifiable list, which is the same before and after {@link #take()}; empty if none
   *     were passed to this JVM
   * @throws IllegalStateException if a variable is malformed
   */
  public static List<String> announced() {
    return read(System.getenv()).map(Announcement::names).orElse(List.of());
  }

  /** Reads the variables; returns empty if they announce nothing to this JVM. */
  static Optional<Announcement> read(Map<String, String> environment) {
    Optional<String> count = Optional.ofNullable(environment.get(COUNT));
    Optional<String> pid = Optional.ofNullable(environment.get(PID));
    if (count.isEmpty()
        || (pid.isPresent() && number(PID, pid.get()) != ProcessHandle.current().pid())
        || isOfOther(Optional.ofNullable(environment.get(INODE)))) {
      return Optional.empty();
    }
    long descriptors = number(COUNT, count.get());
    if (descriptors > Integer.MAX_VALUE - Announcement.FIRST) {
      throw malformed(COUNT, count.get(), "it is no possible count of descriptors");
    }
    if (descriptors == 0) {
      return Optional.empty();
    }
    Optional<String> text = Optional.ofNullable(environment.get(NAMES));
    List<String> names = text.isPresent()
        ? List.of(text.get().split(":", -1))
        : Collections.nCopies((int) descriptors, "unknown");
    if (names.size() != descriptors) {
      throw malformed(
          NAMES, text.orElse(""), names.size() + " names for " + COUNT + "=" + descriptors);
    }
    return Optional.of(new Announcement(names, text.isPresent(), pid.isPresent()));
  }

  private static long number(String variable, String text) {
    try {
      long number = Long.parseLong(text);
      if (number >= 0) {
        return number;
      }
    } catch (NumberFormatException e) {
      throw malformed(variable, text, "it is no number");
    }
    throw malformed(variable, text, "it is negative");
  }

  /** Returns whether the variable names the inode of another process, as far as that is known. */
  private static boolean isOfOther(Optional<String> inode) {
    if (inode.isEmpty()) {
      return false;
    }
    Platform platform = Platform.current();
    if (!platform.has(Feature.UNIQUE_IDENTITY) || platform.inDescriptorOnlyMode()) {
      return false;
    }
    try (ProcessDescriptor self = ProcessDescriptor.self()) {
      return !Long.toUnsignedString(self.identity().inode()).equals(inode.get());
    } catch (ProcessDescriptorException | UnsupportedFeatureException e) {
      return false; // The kernel does not say; LISTEN_PID alone decides, as for older programs.
    }
  }

  private static IllegalStateException malformed(String variable, String value, String why) {
    return new IllegalStateException("the environment of this JVM has " + variable + "=" + value
        + ", which is malformed: " + why);
  }

  /**
   * Returns all descriptors, in the order of their numbers.
   *
   * @return an unmodifiable list, without the lifelines that belong to a process
   */
  public List<InheritedDescriptor> all() {
    return all;
  }

  /**
   * Returns the process with a name, which the caller must close.
   *
   * @param name the name
   * @return the first process with that name; empty if there is none
   */
  public Optional<ProcessDescriptor> process(String name) {
    for (InheritedDescriptor one : all) {
      if (one instanceof InheritedDescriptor.OfProcess process && process.name().equals(name)) {
        return Optional.of(process.descriptor());
      }
    }
    return Optional.empty();
  }

  /**
   * Returns the number of the descriptor with a name that is no process. It belongs to the caller.
   *
   * @param name the name
   * @return the number of the first such descriptor with that name; empty if there is none
   */
  public OptionalInt fd(String name) {
    for (InheritedDescriptor one : all) {
      if (one instanceof InheritedDescriptor.Other other && other.name().equals(name)) {
        return OptionalInt.of(other.fd());
      }
    }
    return OptionalInt.empty();
  }

  @Override
  public String toString() {
    return all.toString();
  }
}
