package dev.procdesc.linux;

import dev.procdesc.OnClose;
import dev.procdesc.posix.LastClose;
import dev.procdesc.posix.LibC;
import dev.procdesc.posix.OwnedDescriptor;
import dev.procdesc.posix.PosixNumbers;
import dev.procdesc.posix.SpawnArena;
import java.util.Optional;

/** What the last close of a child does here, and what the guardian has to know of it. */
final class Closing implements LastClose {
  private final OnClose kind;
  private final Guardian guardian;
  private final Optional<Guardian.Charge> charge;
  private final Optional<OwnedDescriptor> cgroupKill;

  Closing(
      OnClose kind,
      Guardian guardian,
      Optional<Guardian.Charge> charge,
      Optional<OwnedDescriptor> cgroupKill) {
    this.kind = kind;
    this.guardian = guardian;
    this.charge = charge;
    this.cgroupKill = cgroupKill;
  }

  @Override
  public boolean reachesOthers() {
    return kind != OnClose.KILL;
  }

  @Override
  public boolean kill(int fd) {
    Calls.pidfdSendSignal(fd, PosixNumbers.SIGKILL, 0, 0);
    if (kind == OnClose.KILL_GROUP) {
      Calls.pidfdSendSignal(fd, PosixNumbers.SIGKILL, 0, Numbers.PIDFD_SIGNAL_PROCESS_GROUP);
    }
    if (cgroupKill.isPresent()) {
      try (SpawnArena arena = new SpawnArena()) {
        int file = cgroupKill.get().acquire();
        try {
          LibC.write(file, arena.string("1"), 1);
        } finally {
          cgroupKill.get().release();
        }
      }
    }
    return true;
  }

  @Override
  public void ended() {
    if (!reachesOthers()) {
      charge.ifPresent(guardian::forget);
    }
  }

  @Override
  public void done() {
    if (reachesOthers()) {
      charge.ifPresent(guardian::release);
    }
    cgroupKill.ifPresent(OwnedDescriptor::close);
  }
}
