package dev.procdesc.freebsd;

import dev.procdesc.ChildProcess;
import dev.procdesc.DeathGuard;
import dev.procdesc.DescriptorOnly;
import dev.procdesc.Feature;
import dev.procdesc.ProbeResult;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.ProcessScope;
import dev.procdesc.Signal;
import dev.procdesc.Teardown;
import dev.procdesc.TerminalSize;
import dev.procdesc.freebsd.kernel.Numbers;
import dev.procdesc.freebsd.kernel.Probes;
import dev.procdesc.freebsd.kernel.Signals;
import dev.procdesc.freebsd.kernel.Syscalls;
import dev.procdesc.posix.backend.Lazy;
import dev.procdesc.posix.backend.Preload;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.NativeAccess;
import dev.procdesc.posix.ffi.NativeMemory;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.ffi.Simulation;
import dev.procdesc.posix.io.Watcher;
import dev.procdesc.posix.probe.Uname;
import dev.procdesc.posix.probe.Unsupported;
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

/** The backend for FreeBSD. */
public final class FreeBsdBackend implements Backend {
  /** Creates the backend; called by {@link java.util.ServiceLoader}. */
  public FreeBsdBackend() {}

  /** All native state, created at the first use, once for each JVM. */
  private static final class Running {
    static final Probes PROBES = new Probes();
    static final String SYSTEM = uname();

    private Running() {}

    private static String uname() {
      try (NativeMemory memory = NativeMemory.borrow()) {
        int outcome = Syscalls.xuname(Numbers.UTSNAME_FIELD, memory.address());
        return outcome < 0 ? "FreeBSD" : Uname.read(memory.bytes(), Numbers.UTSNAME_FIELD);
      }
    }
  }

  private static final Lazy<FreeBsdLauncher> LAUNCHER = new Lazy<>() {
    @Override
    protected FreeBsdLauncher make() {
      ExitQuery query = new ExitQuery();
      return new FreeBsdLauncher(Running.PROBES, new Watcher(new KqueueQueue(query)), query);
    }
  };

  @Override
  public String name() {
    return "freebsd";
  }

  @Override
  public String version() {
    return LibraryVersion.VERSION;
  }

  @Override
  public Optional<String> unavailable() {
    // Checked before anything native, because only jffi's library for this system can be loaded.
    if (!System.getProperty("os.name", "").equals("FreeBSD") && !Simulation.isPresent()) {
      return Optional.of("this is not FreeBSD");
    }
    Preload.begin(FreeBsdBackend.class, FirstSpawnClasses.NAMES);
    Optional<String> problem = NativeAccess.unavailable(LibraryVersion.VERSION);
    return problem.isPresent() ? problem : Running.PROBES.unavailable();
  }

  @Override
  public String system() {
    return Running.SYSTEM + (Simulation.isPresent() ? " (simulated)" : "");
  }

  @Override
  public ProbeResult report(Feature feature) {
    Probes probes = Running.PROBES;
    boolean stub = probes.launchMechanism() != Probes.LaunchMechanism.POSIX_SPAWN;
    String by = "spawning by " + probes.launchMechanism().name().toLowerCase(java.util.Locale.ROOT);
    String wait = probes.hasPdwait() ? "pdwait" : "wait6";
    return switch (feature) {
      case PROCESS_DESCRIPTORS, INVISIBLE_CHILDREN -> new ProbeResult(feature.name(), true, by, "");
      case RESOURCE_USAGE -> new ProbeResult(feature.name(), true, by + ", " + wait, "");
      case STATUS_FOR_ANY_HOLDER ->
        new ProbeResult(feature.name(), true, "kevent(EVFILT_PROCDESC, NOTE_EXIT)", "");
      case STATE_CHANGES ->
        new ProbeResult(feature.name(), true, "EVFILT_SIGNAL, " + wait + "(WNOHANG)", "");
      case SIGNAL_GROUP -> new ProbeResult(feature.name(), true, "pdgetpid, killpg", "");
      case KILL_ON_JVM_DEATH ->
        new ProbeResult(feature.name(), true, by + " without PD_DAEMON", "");
      case OPEN_PROCESS -> probes.opening().of(feature);
      case PROCESS_INFO ->
        new ProbeResult(
            feature.name(),
            false,
            "by descriptor FreeBSD reports only the process ID",
            "a call that reports on a process by descriptor");
      case PROCESS_IDENTITY ->
        new ProbeResult(
            feature.name(), true, "pdgetpid: an ID is not reused while a descriptor is open", "");
      case UNIQUE_IDENTITY ->
        new ProbeResult(
            feature.name(),
            false,
            "pdgetpid: an ID is reused once no descriptor is open",
            "a number of a process that is never reused");
      case DESCRIPTOR_CHANNEL -> probes.records().of(feature);
      case PEER_DESCRIPTOR ->
        new ProbeResult(
            feature.name(), false, "LOCAL_PEERCRED reports only the process ID", Probes.PEER_LACKS);
      case DESCRIPTOR_ONLY_MODE ->
        new ProbeResult(
            feature.name(),
            Syscalls.hasCapEnter(),
            "looking up cap_enter",
            Syscalls.hasCapEnter() ? "" : Since.CAP_ENTER.toString());
      case KERNEL_RIGHTS ->
        new ProbeResult(
            feature.name(),
            Syscalls.hasCapRights(),
            "looking up cap_rights_limit",
            Syscalls.hasCapRights() ? "" : Since.CAP_RIGHTS_LIMIT.toString());
      case KILL_GROUP -> GroupKiller.report(probes);
      case CGROUP, KILL_CGROUP ->
        new ProbeResult(feature.name(), false, "FreeBSD has none", "control groups");
      case NO_NEW_PRIVILEGES ->
        new ProbeResult(
            feature.name(),
            stub && probes.noNewPrivs().present(),
            probes.noNewPrivs().how(),
            stub ? probes.noNewPrivs().lacks() : FreeBsdLauncher.STUB);
      case SPAWN_BY_DESCRIPTOR, CHILD_SETUP ->
        new ProbeResult(feature.name(), stub, by, stub ? "" : FreeBsdLauncher.STUB);
    };
  }

  @Override
  public List<ProbeResult> mechanisms() {
    return Running.PROBES.all();
  }

  @Override
  public DeathGuard deathGuard() {
    return DeathGuard.KERNEL;
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
      throw Errors.failed("pdopenpid", pid, -PosixNumbers.ESRCH); // The maximum is 99,999.
    }
    return LAUNCHER.get().open((int) pid);
  }

  @Override
  public void enterDescriptorOnlyMode(Set<DescriptorOnly> also) throws ProcessDescriptorException {
    LAUNCHER.get().sandbox().enter(); // It also initializes everything native.
  }

  @Override
  public Optional<Set<DescriptorOnly>> descriptorOnlyMode() {
    return LAUNCHER.ifMade().flatMap(launcher -> launcher.sandbox().entered());
  }

  @Override
  public Adoption adoption() {
    return LAUNCHER.getUnchecked().adoption();
  }

  @Override
  public Channels channels() {
    ProbeResult records = Running.PROBES.records();
    if (!records.present()) {
      throw Unsupported.feature(Feature.DESCRIPTOR_CHANNEL, records.lacks());
    }
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
