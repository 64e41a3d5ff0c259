package dev.procdesc.linux;

import dev.procdesc.ChildProcess;
import dev.procdesc.DeathGuard;
import dev.procdesc.DescriptorOnly;
import dev.procdesc.Feature;
import dev.procdesc.ProbeResult;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.ProcessIdentity;
import dev.procdesc.ProcessScope;
import dev.procdesc.Signal;
import dev.procdesc.Teardown;
import dev.procdesc.TerminalSize;
import dev.procdesc.linux.kernel.Probes;
import dev.procdesc.linux.kernel.Release;
import dev.procdesc.linux.kernel.Signals;
import dev.procdesc.linux.kernel.Syscalls;
import dev.procdesc.posix.backend.Lazy;
import dev.procdesc.posix.backend.Preload;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.NativeAccess;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.io.Watcher;
import dev.procdesc.posix.process.ChildProcessImpl;
import dev.procdesc.posix.process.ProcessScopeImpl;
import dev.procdesc.spi.Adoption;
import dev.procdesc.spi.Backend;
import dev.procdesc.spi.Channels;
import dev.procdesc.spi.LibraryVersion;
import dev.procdesc.spi.Since;
import dev.procdesc.spi.SpawnRequest;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The backend for Linux. */
public final class LinuxBackend implements Backend {
  /** Creates the backend; called by {@link java.util.ServiceLoader}. */
  public LinuxBackend() {}

  /** All native state, created at the first use, once for each JVM. */
  private static final class Running {
    static final Probes PROBES = new Probes();

    private Running() {}
  }

  /** The descriptor-only mode, which most JVMs never enter. */
  private static final class Confinement {
    static final SeccompSandbox SANDBOX = new SeccompSandbox(Running.PROBES);

    private Confinement() {}
  }

  private static final Lazy<LinuxLauncher> LAUNCHER = new Lazy<>() {
    @Override
    protected LinuxLauncher make() {
      return new LinuxLauncher(Running.PROBES, new Watcher(new EpollQueue()));
    }
  };

  @Override
  public String name() {
    return "linux";
  }

  @Override
  public String version() {
    return LibraryVersion.VERSION;
  }

  @Override
  public Optional<String> unavailable() {
    if (!System.getProperty("os.name", "").equals("Linux")) {
      return Optional.of("this is not Linux");
    }
    Preload.begin(LinuxBackend.class, FirstSpawnClasses.NAMES);
    Optional<String> problem = NativeAccess.unavailable(LibraryVersion.VERSION);
    return problem.isPresent() ? problem : Running.PROBES.unavailable();
  }

  @Override
  public String system() {
    return Release.NAME;
  }

  @Override
  public ProbeResult report(Feature feature) {
    Probes probes = Running.PROBES;
    boolean script = probes.walksScripts();
    String by = "spawning by " + probes.launchMechanism().name().toLowerCase(java.util.Locale.ROOT);
    return switch (feature) {
      case PROCESS_DESCRIPTORS, RESOURCE_USAGE ->
        new ProbeResult(feature.name(), true, by + ", waitid(P_PIDFD)", "");
      case STATE_CHANGES ->
        new ProbeResult(feature.name(), true, "waitid(P_PIDFD, WSTOPPED | WCONTINUED)", "");
      case SIGNAL_GROUP -> probes.groupSignal().of(feature);
      case KILL_GROUP ->
        script || !probes.hasGroupSignal()
            ? probes.groupSignal().of(feature)
            : new ProbeResult(feature.name(), false, by, probes.needsScript());
      case KILL_CGROUP ->
        // cgroup.kill is a file of each control group, and there may be no group yet.
        new ProbeResult(
            feature.name(),
            script && Release.isAtLeast(Since.CGROUP_KILL),
            by + "; the kernel's version; cgroup.kill is checked at each spawn",
            !script
                ? probes.needsScript()
                : Release.isAtLeast(Since.CGROUP_KILL) ? "" : Since.CGROUP_KILL.toString());
      case OPEN_PROCESS -> probes.opening().of(feature);
      case PROCESS_INFO -> probes.info().of(feature);
      case PROCESS_IDENTITY, UNIQUE_IDENTITY -> probes.pidfs().of(feature);
      case DESCRIPTOR_CHANNEL ->
        new ProbeResult(feature.name(), true, "sendmsg(SCM_RIGHTS); present in every Linux", "");
      case DESCRIPTOR_ONLY_MODE -> probes.seccomp().of(feature);
      case PEER_DESCRIPTOR -> probes.peer().of(feature);
      case KERNEL_RIGHTS ->
        new ProbeResult(
            feature.name(),
            false,
            "Linux has no descriptor rights; the library enforces them",
            "FreeBSD's cap_rights_limit");
      case INVISIBLE_CHILDREN -> probes.autoreap().of(feature);
      case STATUS_FOR_ANY_HOLDER -> probes.exitInfo().of(feature);
      case KILL_ON_JVM_DEATH ->
        switch (deathGuard()) {
          case KERNEL -> new ProbeResult(feature.name(), true, "clone3(CLONE_PIDFD_AUTOKILL)", "");
          case GUARDIAN ->
            new ProbeResult(feature.name(), true, "a guardian process was started", "");
          case NONE -> probes.mechanism(Probes.GUARDIAN).of(feature);
        };
      case SPAWN_BY_DESCRIPTOR, CGROUP, NO_NEW_PRIVILEGES, CHILD_SETUP ->
        new ProbeResult(feature.name(), script, by, script ? "" : probes.needsScript());
    };
  }

  @Override
  public List<ProbeResult> mechanisms() {
    hasGuardian(); // Starting the guardian is the only way to probe it.
    return Running.PROBES.all();
  }

  @Override
  public DeathGuard deathGuard() {
    Probes probes = Running.PROBES;
    if (probes.hasAutokill(false)) {
      return DeathGuard.KERNEL;
    }
    return hasGuardian() ? DeathGuard.GUARDIAN : DeathGuard.NONE;
  }

  @Override
  public Optional<ProcessHandle> guardian() {
    return LAUNCHER.ifMade().flatMap(launcher -> launcher.guardian().process());
  }

  /**
   * Starts the guardian if it is not running, and returns whether it is. Does not throw, because a
   * report must not fail.
   */
  private static boolean hasGuardian() {
    Probes probes = Running.PROBES;
    if (!probes.walksScripts()) {
      probes.note(Probes.GUARDIAN, "not started", false, probes.needsScript());
      return false;
    }
    try {
      return LAUNCHER.get().guardian().unavailable().isEmpty();
    } catch (ProcessDescriptorException e) {
      probes.note(Probes.GUARDIAN, String.valueOf(e.getMessage()), false, "resources to start it");
      return false;
    }
  }

  @Override
  public Optional<TerminalSize> terminalSize(int fd) {
    return LAUNCHER.getUnchecked().terminalSize(fd);
  }

  @Override
  public ChildProcess spawn(SpawnRequest request) throws IOException {
    return LAUNCHER.get().spawn(request);
  }

  @Override
  public ChildProcess spawnUnwatched(SpawnRequest request) throws IOException {
    return LAUNCHER.get().spawnUnwatched(request);
  }

  @Override
  public void closeAll(List<ChildProcess> children) {
    ChildProcessImpl.closeAll(children);
  }

  @Override
  public void shutdownAll(List<ChildProcess> children, Teardown teardown)
      throws ProcessDescriptorException, InterruptedException {
    ChildProcessImpl.shutdownAll(children, teardown);
  }

  @Override
  public ProcessScope openScope(Optional<Teardown> onFailure) {
    return ProcessScopeImpl.open(onFailure);
  }

  @Override
  public ProcessDescriptor open(long pid) throws ProcessDescriptorException {
    if (pid != (int) pid) {
      throw Errors.failed("pidfd_open", pid, -PosixNumbers.ESRCH); // Linux has no PID above 2^22.
    }
    return LAUNCHER.get().open((int) pid);
  }

  @Override
  public ProcessDescriptor open(ProcessIdentity identity) throws ProcessDescriptorException {
    return LAUNCHER.get().open(identity);
  }

  @Override
  public ProcessDescriptor self() throws ProcessDescriptorException {
    return LAUNCHER.get().open(Syscalls.getpid());
  }

  @Override
  public void enterDescriptorOnlyMode(Set<DescriptorOnly> also) throws ProcessDescriptorException {
    Confinement.SANDBOX.enter(also);
  }

  @Override
  public Optional<Set<DescriptorOnly>> descriptorOnlyMode() {
    return Confinement.SANDBOX.entered();
  }

  @Override
  public Adoption adoption() {
    return LAUNCHER.getUnchecked().adoption();
  }

  @Override
  public Channels channels() {
    return LAUNCHER.getUnchecked().channels();
  }

  @Override
  public int signalNumber(Signal signal) {
    return Signals.number(signal);
  }

  @Override
  public Signal signal(int number) {
    return Signals.of(number);
  }
}
