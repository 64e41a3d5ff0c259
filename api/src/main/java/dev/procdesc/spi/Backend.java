package dev.procdesc.spi;

import dev.procdesc.ChildProcess;
import dev.procdesc.DeathGuard;
import dev.procdesc.DescriptorOnly;
import dev.procdesc.Feature;
import dev.procdesc.FeatureReport;
import dev.procdesc.Mechanism;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.Signal;
import dev.procdesc.UnsupportedFeatureException;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The library on one operating system. Implementations are found by
 * {@link java.util.ServiceLoader}, are cheap to construct on any system, and do nothing native
 * before {@link #unavailable()} is called.
 */
public interface Backend {
  /**
   * The backend's name, as the system property {@code dev.procdesc.backend} takes it.
   *
   * @return lower case
   */
  String name();

  /**
   * Whether the backend works here, found by trying.
   *
   * @return empty if it does; else the cause and the remedy
   */
  Optional<String> unavailable();

  /**
   * The system, kernel version and machine.
   *
   * @return one line
   */
  String system();

  /**
   * Whether a feature is there.
   *
   * @param feature which
   * @return present or absent, and how that was found out
   */
  FeatureReport report(Feature feature);

  /**
   * The mechanisms that this backend knows.
   *
   * @return unmodifiable, the preferred ones first
   */
  List<Mechanism> mechanisms();

  /**
   * By what means a child dies with the JVM.
   *
   * @return the means that a spawn without special options gets
   */
  DeathGuard deathGuard();

  /**
   * Starts a child.
   *
   * @param request what was asked for, complete and checked
   * @return the child
   * @throws IOException if the system refuses; nothing is left of the attempt
   * @throws UnsupportedFeatureException if the request needs a feature that is absent
   */
  ChildProcess spawn(SpawnRequest request) throws IOException;

  /**
   * Opens a running process by its ID.
   *
   * @param pid positive
   * @return a descriptor whose close does not kill
   * @throws ProcessDescriptorException if the system refuses
   * @throws UnsupportedFeatureException if this system cannot
   */
  default ProcessDescriptor open(long pid) throws ProcessDescriptorException {
    throw new UnsupportedFeatureException(
        Feature.OPEN_PROCESS, system(), report(Feature.OPEN_PROCESS).lacks());
  }

  /**
   * Opens this JVM.
   *
   * @return a descriptor whose close does not kill
   * @throws ProcessDescriptorException if the system refuses
   * @throws UnsupportedFeatureException if this system cannot
   */
  default ProcessDescriptor self() throws ProcessDescriptorException {
    return open(ProcessHandle.current().pid());
  }

  /**
   * Enters the descriptor-only mode, for good; or gives up more, if it was entered before.
   *
   * @param also what else than processes is to be reached through descriptors alone; where the
   *     system refuses more than that, it does
   * @throws ProcessDescriptorException if the system refuses
   * @throws UnsupportedFeatureException if this system has none
   */
  default void enterDescriptorOnlyMode(Set<DescriptorOnly> also) throws ProcessDescriptorException {
    throw new UnsupportedFeatureException(
        Feature.DESCRIPTOR_ONLY_MODE,
        system(),
        report(Feature.DESCRIPTOR_ONLY_MODE).lacks());
  }

  /**
   * Whether this JVM is in the descriptor-only mode.
   *
   * @return what it gave up beside processes by PID, from the moment it entered it; empty before
   */
  default Optional<Set<DescriptorOnly>> descriptorOnlyMode() {
    return Optional.empty();
  }

  /**
   * What makes channels.
   *
   * @return always the same
   * @throws UnsupportedFeatureException if this system cannot
   */
  default Channels channels() {
    throw new UnsupportedFeatureException(
        Feature.DESCRIPTOR_CHANNEL, system(), report(Feature.DESCRIPTOR_CHANNEL).lacks());
  }

  /**
   * The number of a named signal.
   *
   * @param signal with a portable name
   * @return positive
   * @throws IllegalArgumentException if this system has no such signal
   */
  int signalNumber(Signal signal);

  /**
   * The signal of a number.
   *
   * @param number positive
   * @return the named one if the number has a portable name, else {@code SIGn}
   */
  Signal signal(int number);
}
