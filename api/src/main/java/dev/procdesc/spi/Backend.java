package dev.procdesc.spi;

import dev.procdesc.ChildProcess;
import dev.procdesc.DeathGuard;
import dev.procdesc.DescriptorOnly;
import dev.procdesc.Feature;
import dev.procdesc.ProbeResult;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.ProcessIdentity;
import dev.procdesc.ProcessScope;
import dev.procdesc.Signal;
import dev.procdesc.Teardown;
import dev.procdesc.TerminalSize;
import dev.procdesc.UnsupportedFeatureException;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The implementation of the library for one operating system. Implementations are found by
 * {@link java.util.ServiceLoader}, are cheap to construct on any system, and call nothing native
 * before {@link #unavailable()} is called.
 */
public interface Backend {
  /**
   * Returns the name of the backend, which the system property {@code dev.procdesc.backend}
   * selects.
   *
   * @return the name, in lower case
   */
  String name();

  /**
   * Returns the version of the library that the backend was compiled with.
   *
   * @return {@link LibraryVersion#VERSION}
   */
  String version();

  /**
   * Probes whether the backend works on this system.
   *
   * @return empty if it works; else the cause and the remedy
   */
  Optional<String> unavailable();

  /**
   * Returns the system, the kernel version and the machine.
   *
   * @return one line of text
   */
  String system();

  /**
   * Returns whether a feature is present.
   *
   * @param feature the feature
   * @return the presence, and the call that determined it
   */
  ProbeResult report(Feature feature);

  /**
   * Returns the mechanisms of this backend.
   *
   * @return an unmodifiable list, the preferred mechanisms first
   */
  List<ProbeResult> mechanisms();

  /**
   * Returns the mechanism by which a child dies with the JVM.
   *
   * @return the mechanism for a spawn without special options
   */
  DeathGuard deathGuard();

  /**
   * Returns the guardian of this JVM.
   *
   * @return the process; empty if none is running
   */
  default Optional<ProcessHandle> guardian() {
    return Optional.empty();
  }

  /**
   * Returns the size of a terminal of this JVM.
   *
   * @param fd a descriptor of this JVM
   * @return the size; empty if the descriptor is no terminal
   */
  Optional<TerminalSize> terminalSize(int fd);

  /**
   * Starts a child.
   *
   * @param request the request, complete and checked
   * @return the child
   * @throws IOException if the system refuses; nothing is left of the attempt
   * @throws UnsupportedFeatureException if the request needs a feature that is absent
   */
  ChildProcess spawn(SpawnRequest request) throws IOException;

  /**
   * Starts a child that this JVM does not reap before its exit status is requested, by a wait or a
   * future. Until then its process group exists.
   *
   * @param request the request, complete and checked
   * @return the child
   * @throws IOException if the system refuses; nothing is left of the attempt
   * @throws UnsupportedFeatureException if the request needs a feature that is absent
   */
  ChildProcess spawnUnwatched(SpawnRequest request) throws IOException;

  /**
   * Closes children as {@link ChildProcess#close()}: closes all before it waits for the end of any,
   * and waits for all for as long as for one.
   *
   * @param children children of this backend
   */
  void closeAll(List<ChildProcess> children);

  /**
   * Ends processes at the same time as {@link ProcessDescriptor#shutdown}: each step signals all
   * that are left before it waits for any. One for which a call fails is left alone from then on,
   * and the others are still ended.
   *
   * @param children children of this backend
   * @param teardown the signals and the time to wait after each
   * @throws ProcessDescriptorException the first failure, with the others as suppressed ones
   * @throws InterruptedException if the thread is interrupted; children may run then
   */
  void shutdownAll(List<ChildProcess> children, Teardown teardown)
      throws ProcessDescriptorException, InterruptedException;

  /**
   * Opens a scope for several children.
   *
   * @param onFailure the teardown of the other children when one has failed; empty if a failure
   *     does not affect them
   * @return a new scope without children
   */
  ProcessScope openScope(Optional<Teardown> onFailure);

  /**
   * Opens a running process by its ID.
   *
   * @param pid the process ID, positive
   * @return a descriptor whose close does not kill
   * @throws ProcessDescriptorException if the system refuses
   * @throws UnsupportedFeatureException if this system lacks the call
   */
  default ProcessDescriptor open(long pid) throws ProcessDescriptorException {
    throw new UnsupportedFeatureException(
        Feature.OPEN_PROCESS, system(), report(Feature.OPEN_PROCESS).lacks());
  }

  /**
   * Opens the process with an identity.
   *
   * @param identity the identity of the process
   * @return a descriptor whose close does not kill
   * @throws ProcessDescriptorException if the process has ended, or if the system refuses
   * @throws UnsupportedFeatureException if this system has no such identities
   */
  default ProcessDescriptor open(ProcessIdentity identity) throws ProcessDescriptorException {
    throw new UnsupportedFeatureException(
        Feature.UNIQUE_IDENTITY, system(), report(Feature.UNIQUE_IDENTITY).lacks());
  }

  /**
   * Opens this JVM.
   *
   * @return a descriptor whose close does not kill
   * @throws ProcessDescriptorException if the system refuses
   * @throws UnsupportedFeatureException if this system lacks the call
   */
  default ProcessDescriptor self() throws ProcessDescriptorException {
    return open(ProcessHandle.current().pid());
  }

  /**
   * Enters the descriptor-only mode permanently, or gives up more if it was entered before.
   *
   * @param also the kinds of objects, besides processes, that become accessible through descriptors
   *     only; a system may restrict more than requested
   * @throws ProcessDescriptorException if the system refuses
   * @throws UnsupportedFeatureException if this system has no such mode
   */
  default void enterDescriptorOnlyMode(Set<DescriptorOnly> also) throws ProcessDescriptorException {
    throw new UnsupportedFeatureException(
        Feature.DESCRIPTOR_ONLY_MODE,
        system(),
        report(Feature.DESCRIPTOR_ONLY_MODE).lacks());
  }

  /**
   * Returns the kinds of objects that this JVM gave up in the descriptor-only mode.
   *
   * @return the kinds besides processes, from the moment this JVM entered the mode; empty before
   */
  default Optional<Set<DescriptorOnly>> descriptorOnlyMode() {
    return Optional.empty();
  }

  /**
   * Returns the object that takes over descriptors.
   *
   * @return an object without state
   */
  Adoption adoption();

  /**
   * Returns the factory of channels.
   *
   * @return always the same object
   * @throws UnsupportedFeatureException if this system has no channels
   */
  default Channels channels() {
    throw new UnsupportedFeatureException(
        Feature.DESCRIPTOR_CHANNEL, system(), report(Feature.DESCRIPTOR_CHANNEL).lacks());
  }

  /**
   * Returns the number of a named signal.
   *
   * @param signal a signal with a portable name
   * @return a positive number
   * @throws IllegalArgumentException if this system has no such signal
   */
  int signalNumber(Signal signal);

  /**
   * Returns the signal with a number.
   *
   * @param number the number, positive
   * @return the named signal if the number has a portable name, else {@code SIGn}
   */
  Signal signal(int number);
}
