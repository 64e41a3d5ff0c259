package dev.procdesc.cli;

import dev.procdesc.Feature;
import dev.procdesc.Platform;
import dev.procdesc.ProbeResult;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.ProcessIdentity;
import dev.procdesc.UnsupportedFeatureException;
import java.util.Optional;
import picocli.CommandLine.TypeConversionException;

/**
 * The name by which a user gives a running process: its ID, or its identity.
 *
 * @param pid the process ID
 * @param identity the identity, if the user gave it
 */
record ProcessName(long pid, Optional<ProcessIdentity> identity) {
  /** The label of a value in help. */
  static final String LABEL = "PID[:INODE]";

  /** The description of an option that has identities printed. */
  private static final String DESCRIPTION =
      "Prints the identity of a process, PID:INODE, instead of its ID.";

  /** Adds the option that has identities printed. */
  static Options.Flag option(Options options, String more) {
    return options.flag(DESCRIPTION + more, "--identity");
  }

  /** Checks, before anything is done, that this system has identities if they are to be printed. */
  static void check(Options.Flag wanted) {
    ProbeResult report = Platform.current().report(Feature.UNIQUE_IDENTITY);
    if (wanted.isGiven() && !report.present()) {
      throw new UnsupportedFeatureException(
          Feature.UNIQUE_IDENTITY, Platform.current().system(), report.lacks());
    }
  }

  static ProcessName of(String text) {
    try {
      if (text.contains(":")) {
        ProcessIdentity identity = ProcessIdentity.parse(text);
        return new ProcessName(identity.pid(), Optional.of(identity));
      }
    } catch (IllegalArgumentException e) {
      throw new TypeConversionException(String.valueOf(e.getMessage()));
    }
    if (!text.matches("[0-9]{1,18}") || Long.parseLong(text) == 0) {
      throw new TypeConversionException("'" + text + "' is not a process ID");
    }
    return new ProcessName(Long.parseLong(text), Optional.empty());
  }

  /** Opens the process. */
  ProcessDescriptor open() throws ProcessDescriptorException {
    return identity.isPresent()
        ? ProcessDescriptor.open(identity.get())
        : ProcessDescriptor.open(pid);
  }

  /** Returns the name to print for a process. */
  static String of(ProcessDescriptor process, boolean identity) throws ProcessDescriptorException {
    return identity ? process.identity().toString() : Long.toString(process.pid());
  }

  /** Returns the identity of a process, if this system has identities. */
  static Optional<ProcessIdentity> identity(ProcessDescriptor process)
      throws ProcessDescriptorException {
    return Platform.current().has(Feature.UNIQUE_IDENTITY)
        ? Optional.of(process.identity())
        : Optional.empty();
  }

  @Override
  public String toString() {
    return identity.map(ProcessIdentity::toString).orElseGet(() -> Long.toString(pid));
  }
}
