package dev.procdesc.linux;

import dev.procdesc.Feature;
import dev.procdesc.OnClose;
import dev.procdesc.UnsupportedFeatureException;
import dev.procdesc.linux.kernel.Numbers;
import dev.procdesc.linux.kernel.Pidfd;
import dev.procdesc.linux.kernel.PidfdSpawn;
import dev.procdesc.linux.kernel.Probes;
import dev.procdesc.linux.kernel.Signals;
import dev.procdesc.posix.probe.Unsupported;
import dev.procdesc.posix.spawn.Launcher;
import dev.procdesc.posix.spawn.PosixSpawn;
import dev.procdesc.posix.spawn.PosixSpawnCall;
import dev.procdesc.posix.spawn.PreparedSpawn;
import dev.procdesc.spi.Program;
import java.io.IOException;
import java.util.Optional;

/**
 * Spawns by {@code pidfd_spawn} of glibc (2.39), where machine code of this library cannot be
 * mapped or does not exist for the machine. It supports directory, descriptors 0 to 2, session,
 * process group and signal mask; the other options are refused.
 *
 * <p>The function does not report a child that is killed before it executes its program; such a
 * child is returned, with the signal as its exit status.
 */
public final class LibcLauncher extends PosixSpawn {
  private final Probes probes;

  LibcLauncher(Probes probes, PreparedSpawn spawn) {
    super(spawn, PidfdSpawn.LIBRARY);
    this.probes = probes;
  }

  @Override
  public Launcher.Launched make() throws IOException {
    refuseWhatItCannot();
    int fd = spawnNamed();
    // Other code in this JVM may have reaped the child by now, and with it went its ID.
    return new Launcher.Launched(fd, Pidfd.pid(fd, probes.hasInfo()), Optional.empty());
  }

  private UnsupportedFeatureException needsScript(Feature feature) {
    return Unsupported.feature(feature, probes.needsScript());
  }

  private void refuseWhatItCannot() {
    if (request.onClose() != OnClose.RELEASE) {
      // The child executes its program at once, so the JVM could die before the child is registered
      // with the guardian.
      throw Unsupported.feature(
          Feature.KILL_ON_JVM_DEATH, probes.needsScript() + "; OnClose.RELEASE needs none");
    }
    if (request.program() instanceof Program.Descriptor) {
      throw needsScript(Feature.SPAWN_BY_DESCRIPTOR);
    }
    if (request.cgroup().isPresent()) {
      throw needsScript(Feature.CGROUP);
    }
    if (request.noNewPrivileges()) {
      throw needsScript(Feature.NO_NEW_PRIVILEGES);
    }
    if (needsScript()) {
      throw needsScript(Feature.CHILD_SETUP);
    }
  }

  @Override
  protected void setAttributes(PosixSpawnCall call) throws IOException {
    int flags = Numbers.POSIX_SPAWN_SETSIGDEF | Numbers.POSIX_SPAWN_SETSIGMASK;
    if (request.newSession()) {
      flags |= Numbers.POSIX_SPAWN_SETSID;
    } else if (request.processGroup().isPresent()) {
      flags |= Numbers.POSIX_SPAWN_SETPGROUP;
      call.setGroup(request.processGroup().getAsInt());
    }
    call.setFlags(flags);
    call.setSignals(
        PidfdSpawn.signalSet(arena, -1L),
        PidfdSpawn.signalSet(arena, Signals.mask(request.blockedSignals())));
  }
}
