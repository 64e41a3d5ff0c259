package dev.procdesc.linux;

import dev.procdesc.ClosedDescriptorException;
import dev.procdesc.ExitStatus;
import dev.procdesc.Feature;
import dev.procdesc.OnClose;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.ProcessIdentity;
import dev.procdesc.SpawnException;
import dev.procdesc.SpawnException.Step;
import dev.procdesc.linux.guardian.Guardian;
import dev.procdesc.linux.guardian.Registration;
import dev.procdesc.linux.kernel.LauncherProgram;
import dev.procdesc.linux.kernel.Numbers;
import dev.procdesc.linux.kernel.Pidfd;
import dev.procdesc.linux.kernel.Probes;
import dev.procdesc.linux.kernel.PseudoTerminal;
import dev.procdesc.linux.kernel.ScriptLaunch;
import dev.procdesc.linux.kernel.Syscalls;
import dev.procdesc.posix.backend.Lazy;
import dev.procdesc.posix.channel.SocketChannels;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeArena;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.io.OwnedDescriptor;
import dev.procdesc.posix.io.Watcher;
import dev.procdesc.posix.probe.Unsupported;
import dev.procdesc.posix.process.ProcessOperations;
import dev.procdesc.posix.spawn.ChildScript;
import dev.procdesc.posix.spawn.ChildSetup;
import dev.procdesc.posix.spawn.Dispositions;
import dev.procdesc.posix.spawn.Launcher;
import dev.procdesc.posix.spawn.PreparedSpawn;
import dev.procdesc.posix.spawn.ReservedNumbers;
import dev.procdesc.posix.spawn.ScriptFailure;
import dev.procdesc.posix.spawn.SpawnRetry;
import dev.procdesc.posix.spawn.SpawnStub;
import dev.procdesc.posix.spawn.TerminalPair;
import dev.procdesc.spi.Adoption;
import dev.procdesc.spi.Channels;
import dev.procdesc.spi.SpawnRequest;
import java.io.IOException;
import java.util.BitSet;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;

/**
 * Creates children. There are four ways to do it from a JVM:
 *
 * <ul>
 *   <li>fork: copies the page tables of the whole heap, and commits to its memory; rejected.
 *   <li>a helper program that forks, as the JDK's jspawnhelper: it can break when the JDK is
 *       upgraded under a running JVM; rejected.
 *   <li>the C library's posix_spawn: supports few of the options, and pidfds only since glibc 2.39;
 *       the fallback mechanisms. The child first executes the {@link LauncherProgram}, which does
 *       all the rest at the price of a second exec; or, where that is impossible, it executes the
 *       program directly: {@link LibcLauncher}.
 *   <li>clone with CLONE_VM and CLONE_VFORK, running only the spawn stub in the child: chosen. The
 *       child shares the memory of the JVM, so it must not write to memory that Java uses; it has
 *       no separate stack, so it must not use one. For this reason the stub is machine code.
 * </ul>
 */
final class LinuxLauncher extends Launcher {
  private static final String UNMAPPED =
      "the ID is not mapped in this user namespace (/proc/self/uid_map, /proc/self/gid_map)";

  /** The causes of failures, created at the first one. */
  private static final class Failures {
    static final ScriptFailure.Hints HINTS = new ScriptFailure.Hints(
        ControlGroup.RULES,
        Map.of(
            PosixNumbers.EPERM,
            "refused by a filter or security module; if this JVM can no longer execute programs by"
                + " name (DescriptorOnly.PROGRAMS), use an open program: Spawner.ofDescriptor"),
        Map.of(
            PosixNumbers.EPERM,
            "changing the supplementary groups requires privilege, and is forbidden in a user"
                + " namespace in which /proc/self/setgroups is \"deny\", as in that of unshare -r;"
                + " keepSupplementaryGroups() leaves them unchanged",
            PosixNumbers.EINVAL,
            UNMAPPED),
        Map.of(PosixNumbers.EINVAL, UNMAPPED));

    private Failures() {}
  }

  /** The signals whose disposition can be changed. */
  private static final BitSet ALL_SIGNALS = new BitSet();

  static {
    ALL_SIGNALS.set(1, Numbers.NSIG + 1);
    ALL_SIGNALS.clear(PosixNumbers.SIGKILL);
    ALL_SIGNALS.clear(Numbers.SIGSTOP);
  }

  private final Dispositions dispositions =
      new Dispositions(Numbers.NSIG, new Dispositions.Query() {
        @Override
        public int sigaction(int signal, long old) {
          return Syscalls.rtSigaction(signal, 0, old);
        }
      });
  private final Probes probes;
  private final Watcher watcher;
  private final PidfdOperations reaping;
  private final PidfdOperations observing;
  private final ReservedNumbers numbers = new ReservedNumbers();
  private final Guardian guardian;
  private final Lazy<Channels> channels;

  /** Serializes children that change their user: see {@link Attempt#runAsOther}. */
  private final Object otherUser = new Object();

  LinuxLauncher(Probes probes, Watcher watcher) {
    this(
        probes,
        watcher,
        new PidfdOperations(probes, ProcessOperations.Task.REAP),
        new PidfdOperations(probes, ProcessOperations.Task.OBSERVE));
  }

  private LinuxLauncher(
      Probes probes, Watcher watcher, PidfdOperations reaping, PidfdOperations observing) {
    super(
        watcher,
        new Operations(
            reaping,
            new PidfdOperations(probes, ProcessOperations.Task.REAP_FOR_USAGE),
            observing));
    this.probes = probes;
    this.watcher = watcher;
    this.reaping = reaping;
    this.observing = observing;
    this.guardian = new Guardian(probes, watcher);
    watcher.whenIdle(numbers);
    this.channels = new Lazy<>() {
      @Override
      protected Channels make() {
        return new SocketChannels(new PidfdTransfer(probes, observing, watcher), watcher);
      }
    };
  }

  @Override
  public TerminalPair openTerminal() throws SpawnException {
    return PseudoTerminal.open();
  }

  @Override
  protected NativeArena arena() throws IOException {
    return probes.arena();
  }

  @Override
  protected Optional<ReservedNumbers> reservedNumbers() {
    if (!probes.sharesTable()) {
      return Optional.empty();
    }
    numbers.reserve();
    return Optional.of(numbers);
  }

  @Override
  protected Launched launch(PreparedSpawn spawn) throws IOException {
    return probes.walksScripts()
        ? new Attempt(spawn).spawn()
        : SpawnRetry.make(new LibcLauncher(probes, spawn));
  }

  @Override
  protected String mechanism(SpawnRequest request) {
    return probes.launchMechanism().name().toLowerCase(Locale.ROOT);
  }

  Guardian guardian() {
    return guardian;
  }

  Channels channels() {
    return channels.getUnchecked();
  }

  /** Returns the object that takes over descriptors, which few programs need. */
  Adoption adoption() {
    return ForeignPidfds.adoption(probes, observing, watcher);
  }

  /** Opens a process by its ID. The process is neither reaped nor killed by this library. */
  ProcessDescriptor open(int pid) throws ProcessDescriptorException {
    if (!probes.canOpen()) {
      throw Unsupported.feature(Feature.OPEN_PROCESS, probes.opening().lacks());
    }
    int fd = Syscalls.pidfdOpen(pid, 0);
    if (fd < 0) {
      throw Errors.failed("pidfd_open", pid, fd);
    }
    return opened(fd, pid);
  }

  /** Opens a process by its ID, and checks that it is the identified one. */
  ProcessDescriptor open(ProcessIdentity identity) throws ProcessDescriptorException {
    if (!probes.hasPidfs()) {
      throw Unsupported.feature(Feature.UNIQUE_IDENTITY, probes.pidfs().lacks());
    }
    ProcessDescriptor opened;
    try {
      opened = open(Math.toIntExact(identity.pid()));
    } catch (ProcessDescriptorException e) {
      // The ID may be that of a thread now: EINVAL, or ENOENT on newer kernels.
      throw e.errno() == PosixNumbers.EINVAL || e.errno() == PosixNumbers.ENOENT
          ? hasEnded(identity, "its ID is not that of a process any more")
          : e;
    }
    try {
      ProcessIdentity found = opened.identity();
      if (!found.equals(identity)) {
        throw hasEnded(identity, "its ID was assigned to another process, " + found);
      }
      return opened;
    } catch (ProcessDescriptorException e) {
      opened.close();
      throw e;
    }
  }

  private static ProcessDescriptorException hasEnded(ProcessIdentity identity, String cause) {
    return Errors.failed(
        "pidfd_open", identity, -PosixNumbers.ESRCH, "the process has ended: " + cause);
  }

  /** A spawn of a child that executes a script. */
  private final class Attempt implements SpawnRetry.Attempt {
    private final PreparedSpawn spawn;
    private final SpawnRequest request;

    /** The place for the descriptor of the child. */
    private final NativeArena.Place pidfd;

    private final Optional<ControlGroup> cgroup;
    private Optional<OwnedDescriptor> cgroupKill = Optional.empty();

    /** The flags of clone that the last attempt used. */
    private long flags;

    /** Set when the child of the last attempt opened its pipes by name. */
    private boolean opensPipes;

    /** Set when a child could not do so. */
    private boolean refused;

    Attempt(PreparedSpawn spawn) {
      this.spawn = spawn;
      this.request = spawn.request();
      this.pidfd = Registration.placeForPidfd(spawn.arena());
      this.cgroup = request.cgroup().isPresent()
          ? Optional.of(new ControlGroup(request.cgroup().get()))
          : Optional.empty();
    }

    Launched spawn() throws IOException {
      refuseWhatIsNotThere();
      boolean born = false;
      try {
        if (cgroup.isPresent()) {
          cgroup.get().open(isByClone3());
        }
        if (request.onClose() == OnClose.KILL_CGROUP) {
          cgroupKill = Optional.of(cgroup.orElseThrow().openKill());
        }
        Launched child = SpawnRetry.make(this);
        born = true;
        return child;
      } finally {
        if (cgroup.isPresent()) {
          cgroup.get().close();
        }
        if (!born && cgroupKill.isPresent()) {
          cgroupKill.get().close();
        }
      }
    }

    @Override
    public PreparedSpawn prepared() {
      return spawn;
    }

    @Override
    public Launched make() throws IOException {
      try {
        return makeInGroup();
      } catch (SpawnException e) {
        if (!opensPipes || e.step() != Step.DESCRIPTORS) {
          throw e;
        }
        probes.refusedPipe(e.errno());
      }
      refused = true;
      return makeInGroup();
    }

    private Launched makeInGroup() throws IOException {
      if (cgroup.isEmpty()) {
        return makeOnce();
      }
      cgroup.get().refuseIfFrozen();
      try {
        return makeOnce();
      } catch (SpawnException e) {
        if (!cgroup.get().isDeadly(e)) {
          throw e;
        }
      }
      cgroup.get().open(false);
      return makeOnce();
    }

    private Launched makeOnce() throws IOException {
      flags = (isByClone3() ? flags() : 0) | (probes.sharesTable() ? Numbers.CLONE_FILES : 0);
      return request.onClose() == OnClose.RELEASE || isKilledByKernel()
          ? spawnUnguarded()
          : spawnGuarded();
    }

    private boolean isByClone3() {
      return probes.launchMechanism() == Probes.LaunchMechanism.CLONE3;
    }

    private ScriptLaunch launch() throws IOException {
      return probes.launch(spawn.arena(), spawn.descriptors().targets().last() + 1);
    }

    /**
     * A child of another user may not open the descriptors of this JVM. It changes the user before
     * it opens any.
     */
    private ScriptBuilder builder(ScriptLaunch launch) {
      boolean sharesTable = probes.sharesTable();
      boolean opens = sharesTable
          && !refused
          && !spawn.identity().isOther()
          && spawn.descriptors().hasDistantPipe();
      Optional<String> directory = opens ? probes.pipeDirectory() : Optional.empty();
      opensPipes = directory.isPresent();
      return new ScriptBuilder(spawn, launch, sharesTable, directory);
    }

    private void refuseWhatIsNotThere() {
      if (request.onClose() == OnClose.KILL_GROUP) {
        ChildSetup.requireGroup(request);
        if (!probes.hasGroupSignal()) {
          throw Unsupported.feature(Feature.KILL_GROUP, probes.groupSignal().lacks());
        }
      }
      if (request.onClose() == OnClose.KILL_CGROUP && request.cgroup().isEmpty()) {
        throw new IllegalArgumentException(
            "KILL_CGROUP requires a child in a separate control group: use cgroup(DIRECTORY)");
      }
    }

    /**
     * Returns the flags for automatic reaping and killing by the kernel. Resource usage is
     * available only to the process that reaps, so no flags are used if it is requested. Killing
     * requires reaping.
     */
    private long flags() {
      if (request.collectUsage() || !request.autoreap() || !probes.hasAutoreap()) {
        return 0;
      }
      boolean kill =
          request.onClose() == OnClose.KILL && probes.hasAutokill(request.noNewPrivileges());
      return Numbers.CLONE_AUTOREAP
          | (kill ? Numbers.CLONE_PIDFD_AUTOKILL : 0)
          | (kill && request.noNewPrivileges() ? Numbers.CLONE_NNP : 0);
    }

    private boolean isKilledByKernel() {
      return (flags & Numbers.CLONE_PIDFD_AUTOKILL) != 0;
    }

    /**
     * Returns whether this JVM has given up the privilege that the kernel's kill-on-close requires.
     */
    private boolean isUnprivilegedNow(SpawnException failure) {
      return failure.step() == Step.CREATE
          && failure.errno() == PosixNumbers.EPERM
          && isKilledByKernel()
          && !request.noNewPrivileges()
          && !probes.probeAutokill();
    }

    @Override
    public boolean isPassing(SpawnException failure) {
      boolean unguarded = failure.step() == Step.GUARD
          && (
          // The guardian has exited; the next attempt finds a new one.
          failure.errno() == PosixNumbers.EPIPE
              || failure.errno() == Numbers.ECONNRESET
              // The descriptor-only mode was entered meanwhile.
              || (failure.errno() == PosixNumbers.EPERM && probes.isConfined()));
      boolean hasNoRoom =
          failure.step() == Step.CREATE && failure.errno() == Numbers.EEXIST; // See launcher.c.
      boolean isFull = failure.step() == Step.CGROUP && failure.errno() == Numbers.POSIX.eagain();
      return unguarded
          || hasNoRoom
          || isFull
          || isUnprivilegedNow(failure)
          || SpawnRetry.Attempt.super.isPassing(failure);
    }

    private Launched spawnUnguarded() throws IOException {
      try (ScriptLaunch launch = launch()) {
        ScriptBuilder builder = builder(launch);
        return create(launch, builder, Set.of(), Optional.empty());
      }
    }

    private Launched spawnGuarded() throws IOException {
      Registration registration = guardian.newRegistration(request.onClose(), cgroupKill);
      boolean born = false;
      try (OwnedDescriptor.Loan socket = registration.link().socket().lend();
          ScriptLaunch launch = launch()) {
        if (registration.byTable()) {
          flags |= Numbers.CLONE_FILES;
        }
        ScriptBuilder builder = builder(launch);
        builder.register(registration, socket.fd(), pidfd);
        Set<Integer> named = new TreeSet<>(Set.of(socket.fd()));
        if (cgroupKill.isPresent()) {
          named.add(cgroupKill.get().number());
        }
        Launched child = create(launch, builder, named, Optional.of(registration));
        born = true;
        return child;
      } catch (ClosedDescriptorException e) {
        // The guardian was replaced after the registration.
        throw Errors.spawn(Step.GUARD, "tell the guardian", "", -PosixNumbers.EPIPE, "");
      } catch (SpawnException e) {
        // EPERM is returned by a filter, not by the guardian.
        if (e.step() == Step.GUARD && e.errno() != Numbers.EPERM) {
          guardian.lost(registration.link());
        }
        throw e;
      } finally {
        if (!born) {
          guardian.unborn();
        }
      }
    }

    /**
     * Creates the child and executes its script.
     *
     * @param builder the script, which only registers the child so far
     * @param named the descriptors that the registration names
     */
    private Launched create(
        ScriptLaunch launch,
        ScriptBuilder builder,
        Set<Integer> named,
        Optional<Registration> registration)
        throws IOException {
      if (cgroup.isPresent() && !cgroup.get().isEnteredByClone3()) {
        builder.enterCgroup(cgroup.get().fd(), cgroup.get().directory());
      }
      ChildScript script = builder.complete(launch.kept(), probes.openLimit(), keptSignals());
      // Completing the script can duplicate the program's descriptor to another number.
      Set<Integer> needed = launch.sharesMemory() ? Set.of() : needed(named);
      SpawnStub.Run run = cgroup.isPresent()
          ? cgroup.get().run(pidfd, () -> run(launch, script, needed))
          : run(launch, script, needed);
      if (run.created() < 0) {
        throw notCreated(launch, run.created());
      }
      int fd = pidfd.bytes().getInt(pidfd.at());
      boolean endedEarly = run.endedEarly(script) || (!run.failed() && !launch.hasExecuted(fd));
      if (!run.failed() && !endedEarly) {
        return new Launched(
            fd,
            run.created() > 0 ? OptionalLong.of(run.created()) : OptionalLong.empty(),
            request.onClose() == OnClose.RELEASE
                ? Optional.empty()
                : Optional.of(
                    new PidfdCloseAction(request.onClose(), guardian, registration, cgroupKill)));
      }
      SpawnException failure;
      if (endedEarly) {
        ExitStatus status = awaitStatus(fd);
        failure = cgroup.isPresent()
            ? cgroup.get().earlyEnd(script, run, launch.operation(), status)
            : ScriptFailure.ofEarlyEnd(script, run, launch.operation(), status);
      } else {
        Pidfd.reap(fd);
        failure = new ScriptFailure(spawn, Failures.HINTS).of(script, run);
      }
      LibC.close(fd);
      // The guardian retains the registration of a group or cgroup after the child has exited.
      if (request.onClose() != OnClose.KILL && failure.step() != Step.GUARD) {
        registration.ifPresent(guardian::release);
      }
      throw failure;
    }

    /** Returns the descriptors of this JVM that the script names, for a launch that copies them. */
    private Set<Integer> needed(Set<Integer> named) {
      Set<Integer> needed = spawn.descriptors().needed();
      needed.addAll(named);
      if (cgroup.isPresent()) {
        needed.add(cgroup.get().fd());
      }
      return needed;
    }

    private SpawnStub.Run run(ScriptLaunch launch, ChildScript script, Set<Integer> needed) {
      return spawn.identity().isOther() && launch.sharesMemory()
          ? runAsOther(launch, script, needed)
          : launch.run(script, pidfd, flags, directoryForClone3(), needed);
    }

    private OptionalInt directoryForClone3() {
      return cgroup.isPresent() && cgroup.get().isEnteredByClone3()
          ? OptionalInt.of(cgroup.get().fd())
          : OptionalInt.empty();
    }

    private SpawnException notCreated(ScriptLaunch launch, long outcome) {
      Optional<SpawnException> refusal =
          cgroup.isPresent() ? cgroup.get().refusal(outcome) : Optional.empty();
      String hint = outcome == -Numbers.POSIX.eagain()
          ? "the limit on processes (RLIMIT_NPROC, pids.max, kernel.pid_max) is reached"
          : "";
      return refusal.orElseGet(
          () -> Errors.spawn(Step.CREATE, launch.operation(), "", outcome, hint));
    }

    /** Waits for the end of a child that has executed no program, and reaps it. */
    private ExitStatus awaitStatus(int fd) {
      Pidfd.awaitEnd(fd);
      return reaping.collect(fd) instanceof ProcessOperations.Outcome.Ended ended
          ? ended.status()
          : new ExitStatus.Unknown("the parent or a tracer has not reaped the process");
    }

    /**
     * Returns the signals that keep a disposition of the JVM: all after clone, the ignored ones
     * after clone3, none after pidfd_spawn.
     */
    private BitSet keptSignals() {
      return switch (probes.launchMechanism()) {
        case CLONE3 -> dispositions.ignored();
        case CLONE -> ALL_SIGNALS;
        case LAUNCHER, PIDFD_SPAWN -> new BitSet();
      };
    }

    /**
     * Runs a child that changes its user. While such a child shares the JVM's memory, it makes that
     * memory "not dumpable" for all processes that share it, which denies access to debuggers and
     * core dumps of the JVM from then on. So the value is restored when the child has left the
     * memory. Only one such child exists at a time, because a second one, and with it the JVM's
     * memory, would be open to a debugger of its new user once the value is restored.
     */
    private SpawnStub.Run runAsOther(ScriptLaunch launch, ChildScript script, Set<Integer> needed) {
      synchronized (otherUser) {
        int dumpable = Syscalls.prctl(Numbers.PR_GET_DUMPABLE, 0);
        SpawnStub.Run run = launch.run(script, pidfd, flags, directoryForClone3(), needed);
        if (dumpable == 1) {
          Syscalls.prctl(Numbers.PR_SET_DUMPABLE, 1);
        }
        return run;
      }
    }
  }
}
