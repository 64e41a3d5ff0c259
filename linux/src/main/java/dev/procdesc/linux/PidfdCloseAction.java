package dev.procdesc.linux;

import dev.procdesc.OnClose;
import dev.procdesc.linux.guardian.Guardian;
import dev.procdesc.linux.guardian.Registration;
import dev.procdesc.linux.kernel.Numbers;
import dev.procdesc.linux.kernel.Syscalls;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeArena;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.io.OwnedDescriptor;
import dev.procdesc.posix.process.CloseAction;
import dev.procdesc.posix.process.ProcessState;
import java.io.IOException;
import java.util.Optional;

/** The action of the last close of a child, and the messages to the guardian that it requires. */
final class PidfdCloseAction implements CloseAction {
  private final OnClose kind;
  private final Guardian guardian;
  private final Optional<Registration> registration;
  private final Optional<OwnedDescriptor> cgroupKill;

  PidfdCloseAction(
      OnClose kind,
      Guardian guardian,
      Optional<Registration> registration,
      Optional<OwnedDescriptor> cgroupKill) {
    this.kind = kind;
    this.guardian = guardian;
    this.registration = registration;
    this.cgroupKill = cgroupKill;
  }

  /**
   * Set when the descriptor was sent. From then on the kernel kills at the last close by any
   * holder, or the guardian kills when no process holds the lifeline any more; this JVM does not.
   */
  private boolean shared;

  /** The lifeline that all holders share; absent if the kernel kills. */
  private Optional<OwnedDescriptor> lifeline = Optional.empty();

  @Override
  public void started(ProcessState process) {
    if (registration.isPresent()) {
      guardian.born(registration.get(), process);
    }
  }

  @Override
  public synchronized Optional<OwnedDescriptor> share(OwnedDescriptor process) throws IOException {
    if (!shared) {
      if (registration.isPresent()) {
        lifeline = guardian.share(registration.get());
      }
      // If there is no lifeline, the process has ended, and there is nothing left to kill.
      shared = registration.isEmpty() || lifeline.isPresent();
    }
    return lifeline;
  }

  private synchronized boolean isShared() {
    return shared;
  }

  @Override
  public boolean reachesOthers() {
    return kind != OnClose.KILL;
  }

  @Override
  public Effect kill(int fd) {
    Effect release = registration.isPresent() ? Effect.RELEASES_SHARE : Effect.CLOSES_DESCRIPTOR;
    if (isShared()) {
      return release;
    }
    boolean killed =
        Syscalls.pidfdSendSignal(fd, PosixNumbers.SIGKILL, 0, 0) != -PosixNumbers.EPERM;
    if (kind == OnClose.KILL_GROUP) {
      Syscalls.pidfdSendSignal(fd, PosixNumbers.SIGKILL, 0, Numbers.PIDFD_SIGNAL_PROCESS_GROUP);
    }
    if (cgroupKill.isPresent()) {
      try (OwnedDescriptor.Loan file = cgroupKill.get().lend();
          NativeArena arena = new NativeArena()) {
        killed |= LibC.write(file.fd(), arena.string("1"), 1) > 0;
      }
    }
    return killed ? Effect.ENDS_PROCESS : release;
  }

  @Override
  public void giveUp() {
    closeLifeline();
  }

  @Override
  public void ended() {
    if (!reachesOthers() && registration.isPresent()) {
      guardian.forget(registration.get());
    }
  }

  private synchronized void closeLifeline() {
    close(lifeline);
  }

  private static void close(Optional<OwnedDescriptor> descriptor) {
    if (descriptor.isPresent()) {
      descriptor.get().close();
    }
  }

  @Override
  public void done() {
    if (reachesOthers()) {
      // The guardian retains a registration that other holders share, for the group or control
      // group.
      registration.ifPresent(isShared() ? guardian::forget : guardian::release);
    }
    closeLifeline();
    close(cgroupKill);
  }
}
