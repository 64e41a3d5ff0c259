package dev.procdesc.freebsd;

/** The classes of this backend that a first spawn needs, for {@code Preload}. */
final class FirstSpawnClasses {
  /** Their names, one in each line, in the order of their use. */
  static final String NAMES = """
      dev.procdesc.freebsd.FreeBsdBackend$Running
      dev.procdesc.freebsd.kernel.Probes
      dev.procdesc.freebsd.kernel.Numbers
      dev.procdesc.freebsd.kernel.Syscalls
      dev.procdesc.freebsd.kernel.Procdesc
      dev.procdesc.freebsd.kernel.Probes$LaunchMechanism
      dev.procdesc.freebsd.ExitQuery
      dev.procdesc.freebsd.FreeBsdLauncher
      dev.procdesc.freebsd.ProcdescOperations
      dev.procdesc.freebsd.FreeBsdLauncher$2
      dev.procdesc.freebsd.KqueueQueue
      dev.procdesc.freebsd.capsicum.CapabilityMode
      dev.procdesc.freebsd.ChildSignal
      dev.procdesc.freebsd.kernel.Signals
      dev.procdesc.freebsd.FreeBsdLauncher$1
      dev.procdesc.freebsd.KqueueQueue$Kevent
      dev.procdesc.freebsd.FreeBsdLauncher$Attempt
      dev.procdesc.freebsd.GroupKiller
      dev.procdesc.freebsd.ScriptBuilder
      dev.procdesc.freebsd.ProcdescCloseAction""";

  private FirstSpawnClasses() {}
}
