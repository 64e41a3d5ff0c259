package dev.procdesc.freebsd.capsicum;

import dev.procdesc.DescriptorOnly;
import dev.procdesc.Feature;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.SpawnException;
import dev.procdesc.freebsd.kernel.Numbers;
import dev.procdesc.freebsd.kernel.Syscalls;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.io.NullDevice;
import dev.procdesc.posix.probe.Unsupported;
import dev.procdesc.spi.SpawnRequest;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/**
 * The descriptor-only mode: Capsicum's capability mode, which refuses every name that all processes
 * share, those of programs and files too. So what the library needs by name is opened before. The
 * wait calls are refused as well: the status comes from kqueue in any case, and a zombie goes with
 * its descriptor.
 */
public final class CapabilityMode {
  private static final Set<DescriptorOnly> ALL =
      Collections.unmodifiableSet(EnumSet.allOf(DescriptorOnly.class));

  private volatile boolean entered;

  /** Set before the mode is entered, and never again. */
  private volatile Optional<RuntimeLinker> linker = Optional.empty();

  /** What was given up beside processes by ID; empty before. */
  public Optional<Set<DescriptorOnly>> entered() {
    return entered ? Optional.of(ALL) : Optional.empty();
  }

  /** Enters it. */
  public synchronized void enter() throws ProcessDescriptorException {
    if (entered) {
      return;
    }
    if (!Syscalls.hasCapEnter()) {
      throw Unsupported.feature(Feature.DESCRIPTOR_ONLY_MODE, "cap_enter (FreeBSD 10)");
    }
    NullDevice.keep(Numbers.POSIX);
    linker = RuntimeLinker.open();
    int outcome = Syscalls.capEnter();
    if (outcome < 0) {
      linker.ifPresent(RuntimeLinker::close);
      linker = Optional.empty();
      throw Errors.failed("cap_enter", "this process", outcome);
    }
    entered = true;
  }

  /** A request by what is allowed now: in the mode, a dynamic program is run by its linker. */
  public SpawnRequest reach(SpawnRequest request) throws SpawnException {
    return entered ? RuntimeLinker.reach(request, linker) : request;
  }
}
