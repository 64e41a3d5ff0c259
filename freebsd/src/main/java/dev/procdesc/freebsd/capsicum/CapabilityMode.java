package dev.procdesc.freebsd.capsicum;

import dev.procdesc.DescriptorOnly;
import dev.procdesc.Feature;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.SpawnException;
import dev.procdesc.freebsd.kernel.Syscalls;
import dev.procdesc.posix.backend.JdkFiles;
import dev.procdesc.posix.backend.SandboxTrial;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.io.NullDevice;
import dev.procdesc.posix.probe.Unsupported;
import dev.procdesc.spi.Since;
import dev.procdesc.spi.SpawnRequest;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/**
 * The descriptor-only mode: Capsicum's capability mode, which refuses all names that processes
 * share, including those of programs and files. So the library opens beforehand what it and the JDK
 * need by name.
 *
 * <p>14.0 also refuses wait4; 15.1 permits it, and finds the children. wait6 is refused by both,
 * pdwait (15.1) by none. The exit status comes from kqueue in any case, and the close of its
 * descriptor reaps a zombie. 14.0 refuses vfork, rfork and so posix_spawn; 15.1 permits vfork and
 * rfork.
 */
public final class CapabilityMode {
  private static final Set<DescriptorOnly> ALL =
      Collections.unmodifiableSet(EnumSet.allOf(DescriptorOnly.class));

  private volatile boolean entered;

  /** Set once, before the mode is entered. */
  private volatile Optional<RuntimeLinker> linker = Optional.empty();

  /**
   * Returns the capabilities that were given up in addition to processes by PID; empty before the
   * mode was entered.
   */
  public Optional<Set<DescriptorOnly>> entered() {
    return entered ? Optional.of(ALL) : Optional.empty();
  }

  /** Enters the mode. */
  public synchronized void enter() throws ProcessDescriptorException {
    if (entered) {
      return;
    }
    if (!Syscalls.hasCapEnter()) {
      throw Unsupported.feature(
          Feature.DESCRIPTOR_ONLY_MODE, "cap_enter (" + Since.CAP_ENTER + ")");
    }
    NullDevice.keep();
    JdkFiles.load();
    linker = RuntimeLinker.open();
    if (SandboxTrial.isRequested()) {
      SandboxTrial.begin(ALL, true);
      entered = true;
      return;
    }
    int outcome = Syscalls.capEnter();
    if (outcome < 0) {
      linker.ifPresent(RuntimeLinker::close);
      linker = Optional.empty();
      throw Errors.failed("cap_enter", "this process", outcome);
    }
    entered = true;
  }

  /**
   * Adapts a request to the mode: once it is entered, a dynamic program is executed by its linker.
   */
  public SpawnRequest reach(SpawnRequest request) throws SpawnException {
    return entered ? RuntimeLinker.reach(request, linker) : request;
  }
}
