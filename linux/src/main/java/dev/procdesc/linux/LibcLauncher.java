package dev.procdesc.linux;

import dev.procdesc.Feature;
import dev.procdesc.OnClose;
import dev.procdesc.linux.kernel.Numbers;
import dev.procdesc.linux.kernel.Signals;
import dev.procdesc.posix.ffi.NativeArena;
import dev.procdesc.posix.ffi.NativeFunction;
import dev.procdesc.posix.spawn.ChildDescriptors;
import dev.procdesc.posix.spawn.PosixSpawn;
import dev.procdesc.spi.Program;
import dev.procdesc.spi.SpawnRequest;
import java.io.IOException;
import java.util.Optional;

/**
 * Spawning by {@code pidfd_spawn} of glibc (2.39), where machine code of ours cannot be mapped or
 * there is none for the machine. It knows directory, descriptors 0 to 2, session, process group and
 * signal mask; the other options are refused.
 */
final class LibcLauncher extends PosixSpawn {
  /** spawn.h of glibc: POSIX_SPAWN_SETPGROUP, SETSIGDEF, SETSIGMASK, SETSID (2.26). */
  private static final int SETPGROUP = 0x02;

  private static final int SETSIGDEF = 0x04;
  private static final int SETSIGMASK = 0x08;
  private static final int SETSID = 0x80;

  /** Sizes of posix_spawnattr_t, posix_spawn_file_actions_t and sigset_t on 64-bit machines. */
  private static final int ATTRIBUTES_SIZE = 336;

  private static final int ACTIONS_SIZE = 80;
  private static final int SIGSET_SIZE = 128;

  private static final class Functions {
    static final NativeFunction PIDFD_GETPID = NativeFunction.of("pidfd_getpid");

    private Functions() {}
  }

  LibcLauncher(NativeArena arena, SpawnRequest request, ChildDescriptors descriptors) {
    super(arena, request, descriptors, Numbers.POSIX, "pidfd_spawn", ATTRIBUTES_SIZE, ACTIONS_SIZE);
  }

  LinuxLauncher.Born spawn() throws IOException {
    refuseWhatItCannot();
    int fd = spawnNamed();
    return new LinuxLauncher.Born(
        fd, Functions.PIDFD_GETPID.call(fd), Optional.empty(), Optional.empty());
  }

  private void refuseWhatItCannot() {
    if (request.onClose() != OnClose.RELEASE) {
      // Its child executes at once: the JVM could die before the child is under guard.
      throw LinuxLauncher.needsStub(Feature.KILL_ON_JVM_DEATH);
    }
    if (request.program() instanceof Program.Descriptor) {
      throw LinuxLauncher.needsStub(Feature.SPAWN_BY_DESCRIPTOR);
    }
    if (request.cgroup().isPresent()) {
      throw LinuxLauncher.needsStub(Feature.CGROUP);
    }
    if (request.noNewPrivileges()) {
      throw LinuxLauncher.needsStub(Feature.NO_NEW_PRIVILEGES);
    }
    if (needsScript()) {
      throw LinuxLauncher.needsStub(Feature.CHILD_SETUP);
    }
  }

  @Override
  protected void setAttributes(long attributes) throws IOException {
    int flags = SETSIGDEF | SETSIGMASK;
    if (request.newSession()) {
      flags |= SETSID;
    } else if (request.processGroup().isPresent()) {
      flags |= SETPGROUP;
      setGroup(attributes, request.processGroup().getAsInt());
    }
    setFlags(attributes, flags);
    setSignals(attributes, signals(-1L), signals(Signals.mask(request.blockedSignals())));
  }

  private long signals(long first) {
    long[] words = new long[SIGSET_SIZE / Long.BYTES];
    words[0] = first;
    return arena.words(words);
  }
}
