package dev.procdesc.linux.kernel;

import dev.procdesc.posix.ffi.NativeArena;
import dev.procdesc.posix.spawn.ChildScript;
import dev.procdesc.posix.spawn.SpawnStub;
import java.util.OptionalInt;
import java.util.Set;

/**
 * A launch by the spawn stub. The child shares the memory of the JVM, and has an exact copy of its
 * descriptors.
 */
record StubLaunch(Probes probes, NativeArena arena) implements ScriptLaunch {
  @Override
  public String operation() {
    return "clone";
  }

  @Override
  public boolean sharesMemory() {
    return true;
  }

  @Override
  public Set<Integer> kept() {
    return Set.of();
  }

  @Override
  public void begin(ChildScript script) {}

  @Override
  public void closeOnExec(ChildScript script, int fd) {}

  @Override
  public SpawnStub.Run run(
      ChildScript script,
      NativeArena.Place pidfd,
      long flags,
      OptionalInt cgroup,
      Set<Integer> needed) {
    long[] create = probes.launchMechanism() == Probes.LaunchMechanism.CLONE3
        ? Probes.clone3(arena, pidfd.address(), flags, cgroup)
        : Probes.clone(pidfd.address(), flags);
    return probes.stub().run(arena, script, create);
  }

  @Override
  public boolean hasExecuted(int pidfd) {
    return Pidfd.hasExecuted(pidfd);
  }

  @Override
  public void close() {}
}
