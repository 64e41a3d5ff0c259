package dev.procdesc.freebsd;

/** The classes of this backend that a first spawn needs, for {@code Preload}. */
final class FirstSpawnClasses {
  /** Their names in this package, one in each line, in the order of their use. */
  static final String NAMES = """
      FreeBsdBackend$Running
      kernel.Probes
      kernel.Numbers
      kernel.Syscalls
      kernel.Procdesc
      kernel.Procdesc$Reaped
      kernel.Probes$LaunchMechanism
      ExitQuery
      FreeBsdLauncher
      ProcdescOperations
      FreeBsdLauncher$2
      KqueueQueue
      capsicum.CapabilityMode
      ChildSignal
      kernel.Signals
      FreeBsdLauncher$1
      KqueueQueue$Kevent
      FreeBsdLauncher$Attempt
      GroupKiller
      ScriptBuilder
      ProcdescCloseAction""";

  private FirstSpawnClasses() {}
}
