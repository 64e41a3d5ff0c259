package dev.procdesc.freebsd;

import dev.procdesc.ExitStatus;
import dev.procdesc.Feature;
import dev.procdesc.OnClose;
import dev.procdesc.ProbeResult;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.SpawnException;
import dev.procdesc.SpawnException.Step;
import dev.procdesc.UnsupportedFeatureException;
import dev.procdesc.freebsd.capsicum.CapabilityMode;
import dev.procdesc.freebsd.kernel.Numbers;
import dev.procdesc.freebsd.kernel.Probes;
import dev.procdesc.freebsd.kernel.Procdesc;
import dev.procdesc.freebsd.kernel.PseudoTerminal;
import dev.procdesc.freebsd.kernel.Syscalls;
import dev.procdesc.posix.backend.Lazy;
import dev.procdesc.posix.channel.SocketChannels;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeArena;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.io.OwnedDescriptor;
import dev.procdesc.posix.io.Watcher;
import dev.procdesc.posix.probe.Unsupported;
import dev.procdesc.posix.process.Adopter;
import dev.procdesc.posix.process.CloseAction;
import dev.procdesc.posix.process.ProcessOperations;
import dev.procdesc.posix.spawn.ChildScript;
import dev.procdesc.posix.spawn.ChildSetup;
import dev.procdesc.posix.spawn.Dispositions;
import dev.procdesc.posix.spawn.Launcher;
import dev.procdesc.posix.spawn.PreparedSpawn;
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
import java.util.OptionalLong;
import java.util.Set;

/**
 * Creates children. There are four ways to do it from a JVM:
 *
 * <ul>
 *   <li>fork and exec in C or Java: runs code in a process that has lost all threads but one;
 *       rejected.
 *   <li>pdrfork with RFSPAWN (FreeBSD 15.1), running only the spawn stub in the child: chosen. The
 *       child shares the memory of the JVM and suspends the calling thread, as with vfork.
 *   <li>pdfork with the same stub: before 15.1. The child is a copy; its script is in shared
 *       memory, and the end of a close-on-exec pipe reports that it has executed its program or
 *       ended. The kernel copies the page tables, but commits to no memory.
 *   <li>the C library's posix_spawn with a process descriptor (15.1): supports few of the options;
 *       the last fallback, {@link LibcLauncher}.
 * </ul>
 */
final class FreeBsdLauncher extends Launcher {
  /**
   * The signals that a copy of the JVM always resets to their default: a signal that is pending
   * when the mask is restored must not run one of the JVM's handlers in the child.
   */
  private static final BitSet ORDINARY_SIGNALS = new BitSet();

  static {
    ORDINARY_SIGNALS.set(1, Numbers.LAST_ORDINARY_SIGNAL + 1);
    ORDINARY_SIGNALS.clear(PosixNumbers.SIGKILL);
    ORDINARY_SIGNALS.clear(Numbers.SIGSTOP);
  }

  /** The causes of failures, created at the first one. */
  private static final class Failures {
    static final ScriptFailure.Hints HINTS = new ScriptFailure.Hints(
        Map.of(),
        Map.of(
            Numbers.ECAPMODE,
            "in capability mode only a program that was opened before can be executed"),
        Map.of(
            PosixNumbers.EPERM,
            "changing the supplementary groups requires privilege; keepSupplementaryGroups() leaves"
                + " them unchanged",
            PosixNumbers.EINVAL,
            "there are more groups than the system allows (kern.ngroups)"),
        Map.of());

    private Failures() {}
  }

  private static final Map<Integer, String> OPEN_HINTS = Map.of(
      PosixNumbers.EPERM, "opening a process requires the right to debug it",
      Numbers.EBUSY, "the process is exiting, or is a kernel process",
      Numbers.ECAPMODE, "in capability mode process IDs cannot be used");

  /** The mechanism that is missing where the C library spawns. */
  static final String STUB =
      "the spawn stub: pdrfork or pdfork, and permission to map executable memory";

  /**
   * Serializes the children that wait at a barrier: such a child has a copy of all open
   * descriptors, which would include other barriers.
   */
  private final Object barriers = new Object();

  private final Dispositions dispositions =
      new Dispositions(Numbers.NSIG, new Dispositions.Query() {
        @Override
        public int sigaction(int signal, long old) {
          return Syscalls.sigaction(signal, 0, old);
        }
      });
  private final Probes probes;
  private final CapabilityMode sandbox;
  private final Watcher watcher;
  private final ProcdescOperations reaping;
  private final ProcdescOperations observing;
  private final Lazy<Channels> channels;

  FreeBsdLauncher(Probes probes, Watcher watcher, ExitQuery query) {
    this(probes, watcher, new CapabilityMode(), new ChildSignal(watcher), query);
  }

  private FreeBsdLauncher(
      Probes probes, Watcher watcher, CapabilityMode sandbox, ChildSignal signal, ExitQuery query) {
    this(
        probes,
        watcher,
        sandbox,
        new ProcdescOperations(probes, sandbox, signal, query, ProcessOperations.Task.REAP),
        new ProcdescOperations(
            probes, sandbox, signal, query, ProcessOperations.Task.REAP_FOR_USAGE),
        new ProcdescOperations(probes, sandbox, signal, query, ProcessOperations.Task.OBSERVE));
  }

  private FreeBsdLauncher(
      Probes probes,
      Watcher watcher,
      CapabilityMode sandbox,
      ProcdescOperations reaping,
      ProcdescOperations reapingForUsage,
      ProcdescOperations observing) {
    super(watcher, new Operations(reaping, reapingForUsage, observing));
    this.probes = probes;
    this.sandbox = sandbox;
    this.watcher = watcher;
    this.reaping = reaping;
    this.observing = observing;
    this.channels = new Lazy<>() {
      @Override
      protected Channels make() {
        return new SocketChannels(new ProcdescTransfer(probes, observing, watcher), watcher);
      }
    };
  }

  CapabilityMode sandbox() {
    return sandbox;
  }

  Channels channels() {
    return channels.getUnchecked();
  }

  /** Returns the object that takes over descriptors, which few programs need. */
  Adoption adoption() {
    return new Adopter(new ForeignProcdescs(observing, watcher));
  }

  @Override
  protected SpawnRequest adapt(SpawnRequest request) throws IOException {
    refuseWhatIsNotThere(request);
    return sandbox.reach(request);
  }

  @Override
  public TerminalPair openTerminal() throws SpawnException {
    return PseudoTerminal.open();
  }

  @Override
  protected NativeArena arena() {
    return NativeArena.shared();
  }

  @Override
  protected Launched launch(PreparedSpawn spawn) throws IOException {
    return SpawnRetry.make(
        probes.launchMechanism() == Probes.LaunchMechanism.POSIX_SPAWN
            ? new LibcLauncher(probes, spawn, closeAction(spawn.request(), Optional.empty()))
            : new Attempt(spawn));
  }

  @Override
  protected String mechanism(SpawnRequest request) {
    Probes.LaunchMechanism mechanism = probes.launchMechanism();
    // A child with a group killer is always a copy.
    return request.onClose() == OnClose.KILL_GROUP && mechanism == Probes.LaunchMechanism.PDRFORK
        ? "pdfork"
        : mechanism.name().toLowerCase(Locale.ROOT);
  }

  private Optional<CloseAction> closeAction(
      SpawnRequest request, Optional<OwnedDescriptor> lifeline) {
    return request.onClose() == OnClose.RELEASE
        ? Optional.empty()
        : Optional.of(new ProcdescCloseAction(reaping, lifeline));
  }

  private void refuseWhatIsNotThere(SpawnRequest request) throws SpawnException {
    if (request.onClose() == OnClose.KILL_GROUP) {
      ChildSetup.requireGroup(request);
      ProbeResult groupKiller = GroupKiller.probe(probes);
      if (!groupKiller.present()) {
        throw Unsupported.feature(Feature.KILL_GROUP, groupKiller.lacks());
      }
      if (sandbox.entered().isPresent()) {
        throw Unsupported.feature(
            Feature.KILL_GROUP,
            "permission to signal a process group, which capability mode refuses");
      }
    }
    if (request.onClose() == OnClose.KILL_CGROUP) {
      throw Unsupported.feature(Feature.KILL_CGROUP, "control groups");
    }
    if (request.cgroup().isPresent()) {
      throw Unsupported.feature(Feature.CGROUP, "control groups");
    }
    if (request.noNewPrivileges() && !probes.noNewPrivs().present()) {
      throw Unsupported.feature(Feature.NO_NEW_PRIVILEGES, probes.noNewPrivs().lacks());
    }
  }

  /**
   * Opens a process that other code started. PD_DAEMON is a property of the open file: without it,
   * the close of an opened descriptor would kill.
   */
  ProcessDescriptor open(int pid) throws ProcessDescriptorException {
    if (!probes.opening().present()) {
      throw Unsupported.feature(Feature.OPEN_PROCESS, probes.opening().lacks());
    }
    int fd = Syscalls.pdopenpid(pid, Numbers.PD_DAEMON | Numbers.PD_CLOEXEC);
    if (fd < 0) {
      throw Errors.failed("pdopenpid", pid, fd, OPEN_HINTS.getOrDefault(-fd, ""));
    }
    return opened(fd, pid);
  }

  /** A spawn by the stub. */
  private final class Attempt implements SpawnRetry.Attempt {
    private final PreparedSpawn spawn;
    private final SpawnRequest request;
    private final NativeArena arena;

    /** The place for the descriptor of the child. */
    private final NativeArena.Place place;

    Attempt(PreparedSpawn spawn) {
      this.spawn = spawn;
      this.request = spawn.request();
      this.arena = spawn.arena();
      this.place = arena.allocate(8);
    }

    @Override
    public PreparedSpawn prepared() {
      return spawn;
    }

    @Override
    public Launched make() throws IOException {
      if (request.onClose() == OnClose.KILL_GROUP) {
        synchronized (barriers) {
          try (GroupKiller.StartBarrier barrier = GroupKiller.StartBarrier.make()) {
            return spawnCopy(Optional.of(barrier));
          }
        }
      }
      return probes.launchMechanism() == Probes.LaunchMechanism.PDRFORK
          ? spawnSharing()
          : spawnCopy(Optional.empty());
    }

    private int flags() {
      return probes.descriptorFlags(request.onClose() == OnClose.RELEASE);
    }

    /**
     * Spawns a child that shares this JVM's memory, and has executed its program or ended when the
     * call returns.
     */
    private Launched spawnSharing() throws IOException {
      ChildScript script = new ScriptBuilder(spawn, probes)
          .complete(Set.of(), probes.openLimit(), dispositions.ignored());
      long[] create = {Numbers.SYS_PDRFORK, place.address(), flags(), Numbers.RFSPAWN};
      return launched(probes.stub().run(arena, script, create), script, Optional.empty());
    }

    /**
     * Spawns a child with a copy of this JVM's memory; the end of a pipe reports that it has
     * executed its program or ended.
     */
    private Launched spawnCopy(Optional<GroupKiller.StartBarrier> barrier) throws IOException {
      int[] ends = GroupKiller.pipe("to detect the child's exec");
      int readEnd = ends[0];
      int writeEnd = ends[1];
      try {
        ChildScript script;
        ChildScript.Written written;
        long created;
        try {
          writeEnd = moveUp(writeEnd);
          ScriptBuilder builder = new ScriptBuilder(spawn, probes);
          if (barrier.isPresent()) {
            builder.waitAt(barrier.get());
          }
          script = builder.complete(Set.of(writeEnd), probes.openLimit(), allSignals());
          long[] create = {Numbers.SYS_PDFORK, place.address(), flags()};
          written = script.write(arena, create);
          created = probes.stub().start(written);
        } finally {
          LibC.close(writeEnd);
        }
        Optional<OwnedDescriptor> lifeline = Optional.empty();
        if (created > 0) {
          if (barrier.isPresent()) {
            lifeline = Optional.of(startGroupKiller(barrier.get(), created));
          }
          awaitEndOfPipe(readEnd);
        }
        return launched(written.outcome(created), script, lifeline);
      } finally {
        LibC.close(readEnd);
      }
    }

    /**
     * Starts the group killer of a child that waits at its barrier, and lets the child continue.
     */
    private OwnedDescriptor startGroupKiller(GroupKiller.StartBarrier barrier, long pid)
        throws SpawnException {
      int fd = place.bytes().getInt(place.at());
      boolean kept = false;
      try {
        OwnedDescriptor lifeline = GroupKiller.start(probes, fd, pid);
        barrier.open(arena);
        kept = true;
        return lifeline;
      } finally {
        if (!kept) {
          barrier.close();
          abandon(fd);
        }
      }
    }

    /** Reaps a child whose script has failed, or will fail. */
    private void abandon(int fd) {
      Procdesc.reap(fd, probes.hasPdwait());
      LibC.close(fd);
    }

    /** Moves the pipe to a number that the child's own descriptors do not have. */
    private int moveUp(int fd) throws IOException {
      int above = spawn.descriptors().targets().last() + 1;
      int copy = LibC.fcntl(fd, Numbers.POSIX.fDupfdCloexec(), above);
      if (copy < 0) {
        throw Errors.spawn(
            Step.PREPARE, "fcntl(F_DUPFD_CLOEXEC)", "to detect the child's exec", copy, "");
      }
      LibC.close(fd);
      return copy;
    }

    /** Waits until the child closes its end of the pipe, by exec or exit. */
    private void awaitEndOfPipe(int readEnd) {
      long word = arena.words(0);
      while (LibC.read(readEnd, word, 1) == -PosixNumbers.EINTR) {
        // A signal was delivered to this thread.
      }
    }

    private Launched launched(
        SpawnStub.Run run, ChildScript script, Optional<OwnedDescriptor> lifeline)
        throws SpawnException {
      if (run.created() < 0) {
        throw Errors.spawn(Step.CREATE, "pdfork", "", run.created(), hint(run.created()));
      }
      int fd = place.bytes().getInt(place.at());
      boolean endedEarly = run.endedEarly(script);
      if (!run.failed() && !endedEarly) {
        return new Launched(fd, OptionalLong.of(run.created()), closeAction(request, lifeline));
      }
      lifeline.ifPresent(OwnedDescriptor::close);
      if (endedEarly) {
        ExitStatus status = awaitStatus(fd);
        LibC.close(fd);
        throw ScriptFailure.ofEarlyEnd(script, run, "pdfork", status);
      }
      abandon(fd);
      throw new ScriptFailure(spawn, Failures.HINTS).of(script, run);
    }

    /** Waits for the end of a child that has executed no program, and reaps it. */
    private ExitStatus awaitStatus(int fd) {
      Procdesc.awaitEnd(fd);
      return reaping.collect(fd) instanceof ProcessOperations.Outcome.Ended ended
          ? ended.status()
          : new ExitStatus.Unknown("a tracer has not reaped the process");
    }

    private String hint(long outcome) {
      return outcome == -Numbers.POSIX.eagain()
          ? "the limit on processes (RLIMIT_NPROC, kern.maxproc, kern.maxprocperuid) is reached"
          : "";
    }

    /**
     * Returns the signals to reset after pdfork, which changes no disposition. RFSPAWN changes all
     * but the ignored ones.
     */
    private BitSet allSignals() {
      BitSet all = (BitSet) ORDINARY_SIGNALS.clone();
      all.or(dispositions.ignored());
      all.or(dispositions.handled());
      return all;
    }
  }

  static UnsupportedFeatureException needsStub(Feature feature) {
    return Unsupported.feature(feature, STUB);
  }
}
