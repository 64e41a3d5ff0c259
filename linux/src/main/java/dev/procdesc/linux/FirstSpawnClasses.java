package dev.procdesc.linux;

/**
 * The classes of this backend that a first spawn needs where the kernel needs a guardian, for
 * {@code Preload}.
 */
final class FirstSpawnClasses {
  /** Their names in this package, one in each line, in the order of their use. */
  static final String NAMES = """
      LinuxBackend$Running
      kernel.Probes
      kernel.ScriptLaunch
      kernel.Numbers
      kernel.Syscalls
      kernel.Pidfd
      kernel.Probes$LaunchMechanism
      LinuxLauncher
      PidfdOperations
      LinuxLauncher$2
      EpollQueue
      kernel.Signals
      LinuxLauncher$1
      guardian.Guardian
      LinuxLauncher$Attempt
      guardian.Registration
      guardian.GuardianStart
      guardian.GuardianStart$EndedAtOnceException
      kernel.Memfd
      kernel.StubLaunch
      guardian.Link
      guardian.Message
      guardian.Guardian$1
      EpollQueue$1
      ScriptBuilder
      LinuxLauncher$3
      kernel.Release
      PidfdCloseAction
      guardian.Guardian$Guarded""";

  private FirstSpawnClasses() {}
}
