package dev.procdesc.linux;

/** The classes of this backend that a first spawn needs, for {@code Preload}. */
final class FirstSpawnClasses {
  /** Their names, one in each line, in the order of their use. */
  static final String NAMES = """
      dev.procdesc.linux.LinuxBackend$Running
      dev.procdesc.linux.kernel.Probes
      dev.procdesc.linux.kernel.ScriptLaunch
      dev.procdesc.linux.kernel.Numbers
      dev.procdesc.linux.kernel.Syscalls
      dev.procdesc.linux.kernel.Pidfd
      dev.procdesc.linux.kernel.Probes$LaunchMechanism
      dev.procdesc.linux.LinuxLauncher
      dev.procdesc.linux.PidfdOperations
      dev.procdesc.linux.LinuxLauncher$2
      dev.procdesc.linux.EpollQueue
      dev.procdesc.linux.kernel.Signals
      dev.procdesc.linux.LinuxLauncher$1
      dev.procdesc.linux.guardian.Guardian
      dev.procdesc.linux.LinuxLauncher$Attempt
      dev.procdesc.linux.guardian.Registration
      dev.procdesc.linux.guardian.GuardianStart
      dev.procdesc.linux.guardian.GuardianStart$EndedAtOnceException
      dev.procdesc.linux.kernel.Memfd
      dev.procdesc.linux.kernel.StubLaunch
      dev.procdesc.linux.guardian.Link
      dev.procdesc.linux.guardian.Message
      dev.procdesc.linux.guardian.Guardian$1
      dev.procdesc.linux.EpollQueue$1
      dev.procdesc.linux.ScriptBuilder
      dev.procdesc.linux.LinuxLauncher$3
      dev.procdesc.linux.kernel.Release
      dev.procdesc.linux.PidfdCloseAction
      dev.procdesc.linux.guardian.Guardian$Guarded""";

  private FirstSpawnClasses() {}
}
