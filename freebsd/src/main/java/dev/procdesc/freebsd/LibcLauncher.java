package dev.procdesc.freebsd;

import dev.procdesc.Feature;
import dev.procdesc.OnClose;
import dev.procdesc.freebsd.kernel.Numbers;
import dev.procdesc.freebsd.kernel.Probes;
import dev.procdesc.freebsd.kernel.Signals;
import dev.procdesc.freebsd.kernel.Syscalls;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeArena;
import dev.procdesc.posix.ffi.NativeFunction;
import dev.procdesc.posix.process.CloseAction;
import dev.procdesc.posix.spawn.Launcher;
import dev.procdesc.posix.spawn.PosixSpawn;
import dev.procdesc.posix.spawn.PosixSpawnCall;
import dev.procdesc.posix.spawn.PreparedSpawn;
import dev.procdesc.spi.Program;
import java.io.IOException;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Spawns by {@code posix_spawn} with {@code posix_spawnattr_setprocdescp_np} (FreeBSD 15.1), where
 * machine code of this library cannot be mapped or does not exist for the machine. It supports
 * directory, descriptors 0 to 2, process group and signal mask; the other options are refused.
 *
 * <p>The function does not report a child that is killed before it executes its program; such a
 * child is returned, with the signal as its exit status.
 */
public final class LibcLauncher extends PosixSpawn {
  private static final class Functions {
    static final NativeFunction ATTR_PROCDESCP =
        NativeFunction.of("posix_spawnattr_setprocdescp_np");

    private Functions() {}
  }

  /** A number that no descriptor has. */
  private static final int NONE = -1;

  /** Set when the C library was observed to close the descriptor of a child that failed. */
  private static volatile boolean closesItself;

  private final Probes probes;
  private final Optional<CloseAction> closeAction;
  private final NativeArena.Place descriptor;

  LibcLauncher(Probes probes, PreparedSpawn spawn, Optional<CloseAction> closeAction) {
    super(
        spawn,
        new PosixSpawnCall.Library(
            "posix_spawn", Numbers.POSIX_SPAWN_OBJECT_SIZE, Numbers.POSIX_SPAWN_OBJECT_SIZE));
    this.probes = probes;
    this.closeAction = closeAction;
    this.descriptor = arena.allocate(8);
    descriptor.bytes().putInt(descriptor.at(), NONE);
  }

  @Override
  public Launcher.Launched make() throws IOException {
    refuseWhatItCannot();
    int pid = spawnNamed();
    return new Launcher.Launched(
        descriptor.bytes().getInt(descriptor.at()), OptionalLong.of(pid), closeAction);
  }

  /**
   * Closes the descriptor of a child that failed, if the C library did not. The manual documents
   * that the number is stored after a success, but neither whether it may be stored after a failure
   * nor which side closes it then, so the descriptor is checked. If the library closes it, this is
   * detected at the first failure, and no descriptor is closed from then on, because the number may
   * have been reused.
   */
  @Override
  protected void failed() {
    int fd = descriptor.bytes().getInt(descriptor.at());
    if (fd == NONE || closesItself) {
      return;
    }
    if (Syscalls.pdgetpid(fd, arena.words(0)) < 0) {
      closesItself = true;
    } else {
      LibC.close(fd);
    }
    descriptor.bytes().putInt(descriptor.at(), NONE);
  }

  private void refuseWhatItCannot() {
    if (request.program() instanceof Program.Descriptor) {
      throw FreeBsdLauncher.needsStub(Feature.SPAWN_BY_DESCRIPTOR);
    }
    if (request.noNewPrivileges()) {
      throw FreeBsdLauncher.needsStub(Feature.NO_NEW_PRIVILEGES);
    }
    if (request.newSession() || needsScript()) {
      throw FreeBsdLauncher.needsStub(Feature.CHILD_SETUP);
    }
  }

  @Override
  protected void setAttributes(PosixSpawnCall call) throws IOException {
    int flags = Numbers.POSIX_SPAWN_SETSIGDEF | Numbers.POSIX_SPAWN_SETSIGMASK;
    if (request.processGroup().isPresent()) {
      flags |= Numbers.POSIX_SPAWN_SETPGROUP;
      call.setGroup(request.processGroup().getAsInt());
    }
    call.setFlags(flags);
    call.setSignals(arena.words(-1L, -1L), Signals.mask(arena, request.blockedSignals()));
    int kind = probes.descriptorFlags(request.onClose() == OnClose.RELEASE);
    PosixSpawnCall.check(
        "posix_spawnattr_setprocdescp_np",
        Functions.ATTR_PROCDESCP.call(call.attributes(), descriptor.address(), kind));
  }
}
