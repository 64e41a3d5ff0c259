package dev.procdesc.freebsd;

import dev.procdesc.Feature;
import dev.procdesc.ProbeResult;
import dev.procdesc.Resource;
import dev.procdesc.SpawnException;
import dev.procdesc.SpawnException.Step;
import dev.procdesc.UnsupportedFeatureException;
import dev.procdesc.freebsd.kernel.Numbers;
import dev.procdesc.freebsd.kernel.Probes;
import dev.procdesc.freebsd.kernel.Procdesc;
import dev.procdesc.freebsd.kernel.Signals;
import dev.procdesc.posix.ffi.Descriptors;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.Mapping;
import dev.procdesc.posix.ffi.NativeArena;
import dev.procdesc.posix.ffi.NativeMemory;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.io.OwnedDescriptor;
import dev.procdesc.posix.process.WaitStatus;
import dev.procdesc.posix.spawn.ChildScript;
import dev.procdesc.posix.spawn.ChildScript.Purpose;
import dev.procdesc.posix.spawn.ChildSetup;
import dev.procdesc.posix.spawn.SpawnStub;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Kills a process group at the death of the JVM. The kernel's kill at the last close affects the
 * child only; so a group has a group killer, a process that waits until no process holds the write
 * end of a pipe, the <i>lifeline</i>, and then kills the group. The JVM holds that end, and so does
 * every process to which the child's descriptor was sent.
 *
 * <p>The group killer is not a program, because there is no file from which to execute it. It is a
 * child of pdfork that executes a script and never a program; it needs no stack and no heap, so it
 * unmaps all memory except the page of the spawn stub and its script. It also holds the child's
 * descriptor, so that the child does not die before its group does, and the number of the group is
 * not reused.
 *
 * <p>The child must not run its program before its group killer waits. It waits at a
 * {@link StartBarrier}: the first steps of its script read a byte that the JVM writes, after it has
 * received one from the group killer. The descriptor of the group killer reports its end, so that a
 * spawn whose group killer ended before fails.
 *
 * <p>A group killer has its own session, with all signals blocked. <i>Limitation:</i> if another
 * process kills the group killer and the JVM dies later, the child is killed, but not its group.
 * Rejected: one group killer for all groups. A script has no loops, and one process for each group
 * is the additional cost of a group.
 *
 * <p>Rejected for descendants that left the group: PROC_REAP_KILL on a child that is the reaper of
 * its descendants. When that child gives this role up (PROC_REAP_RELEASE), the same call affects
 * all descendants of the reaper above it, which is init.
 */
public final class GroupKiller implements AutoCloseable {
  private static final Purpose PASS_BARRIER =
      new Purpose(Step.PREPARE, "read", "the start barrier");

  private static final int ROOM = 16 * 1024;

  /** A process group that cannot exist: the greatest process ID is 99,999. */
  private static final long NO_GROUP = 0x3FFF_FFFF;

  /** The start of user memory: the first page is never mapped. */
  private static final long START = 0x1000;

  /**
   * The end of user memory: on amd64, on arm64, and on amd64 with five levels of page tables. A
   * call with an end beyond the limit fails and unmaps nothing.
   */
  private static final List<Long> ENDS =
      List.of(0x7FFF_FFFF_F000L, 0xFFFF_FFFF_F000L, 0xFF_FFFF_FFFF_F000L);

  /** The result of the trial; empty until it is made without a shortage of resources. */
  private static Optional<ProbeResult> report = Optional.empty();

  private final Probes probes;
  private final NativeMemory memory;
  private final NativeArena arena;
  private final ChildScript script = new ChildScript();

  /** The descriptors to close when the group killer waits, or has ended. */
  private final List<Integer> open = new ArrayList<>();

  private GroupKiller(Probes probes) {
    this.probes = probes;
    // Without close_range, the script closes descriptors one by one.
    int closing = ChildSetup.closingSteps(probes.openLimit());
    memory = NativeMemory.leave(ROOM + closing * ChildScript.STEP_SIZE);
    arena = NativeArena.in(memory); // Closed with its memory.
  }

  /**
   * A group killer that waits.
   *
   * @param lifeline the write end of its lifeline
   * @param descriptor its process descriptor
   */
  private record Waiting(int lifeline, int descriptor, ChildScript.Written script, long pid) {
    SpawnStub.Run outcome() {
      return script.outcome(pid);
    }
  }

  /** A pipe at whose read end a child waits. Only one child waits at any time. */
  static final class StartBarrier implements AutoCloseable {
    private final int readEnd;
    private final int writeEnd;
    private boolean closed;

    private StartBarrier(int readEnd, int writeEnd) {
      this.readEnd = readEnd;
      this.writeEnd = writeEnd;
    }

    static StartBarrier make() throws SpawnException {
      int[] ends = pipe("for the start barrier");
      return new StartBarrier(ends[0], ends[1]);
    }

    /**
     * Adds the wait. If the JVM dies or closes the barrier, the child reads nothing; 0 is not a
     * valid operation on a signal mask, so its script ends.
     */
    void addTo(ChildScript script, NativeArena arena) {
      script.step(PASS_BARRIER, Numbers.SYS_CLOSE, writeEnd);
      script.step(PASS_BARRIER, Numbers.SYS_READ, readEnd, arena.words(0), 1).passOn(0);
      script.step(PASS_BARRIER, Numbers.SYS_SIGPROCMASK, 0, arena.words(0, 0), 0);
    }

    /** Lets the child continue. */
    void open(NativeArena arena) {
      LibC.write(writeEnd, arena.words(0), 1);
      close();
    }

    @Override
    public void close() {
      if (!closed) {
        closed = true;
        LibC.close(readEnd);
        LibC.close(writeEnd);
      }
    }
  }

  /**
   * Creates a close-on-exec pipe.
   *
   * @return the read end and the write end
   */
  static int[] pipe(String what) throws SpawnException {
    int[] ends = new int[2];
    int outcome = Descriptors.pipe(ends, Numbers.POSIX.oCloexec());
    if (outcome < 0) {
      throw Errors.spawn(Step.PREPARE, "pipe2", what, outcome, "");
    }
    return ends;
  }

  /**
   * Returns whether process groups can be killed. At the first call, creates a group killer for a
   * group that does not exist, and lets it execute its script to the end.
   *
   * @throws SpawnException if resources are short, which does not show what the system lacks
   */
  static synchronized ProbeResult probe(Probes probes) throws SpawnException {
    if (report.isPresent()) {
      return report.get();
    }
    String lacks;
    try {
      lacks = probes.canKillGroup() ? attempt(probes) : Probes.GROUP_KILLER_NEEDS;
    } catch (SpawnException e) {
      if (isShortage(e.errno())) {
        throw e;
      }
      lacks = startThatSucceeds(e);
    } catch (UnsupportedFeatureException e) {
      // There is no close_range, and there are too many descriptors to close one by one.
      lacks = String.valueOf(e.getMessage());
    }
    ProbeResult result = result(lacks);
    report = Optional.of(result);
    return result;
  }

  /** Returns the result of the probe; absent for this call only if resources are short. */
  static ProbeResult report(Probes probes) {
    try {
      return probe(probes);
    } catch (SpawnException e) {
      return result(startThatSucceeds(e));
    }
  }

  private static ProbeResult result(String lacks) {
    String how = "killpg at the close; a process that waits for the JVM's death";
    return new ProbeResult(Feature.KILL_GROUP.name(), lacks.isEmpty(), how, lacks);
  }

  private static String startThatSucceeds(SpawnException failure) {
    return "a group killer that starts (" + failure.getMessage() + ")";
  }

  private static boolean isShortage(int errno) {
    return errno == PosixNumbers.EMFILE
        || errno == PosixNumbers.ENOMEM
        || errno == Numbers.POSIX.eagain();
  }

  /** Returns the reason why a group killer does not work; empty if it does. */
  private static String attempt(Probes probes) throws SpawnException {
    try (GroupKiller killer = new GroupKiller(probes)) {
      Waiting waiting = killer.start(OptionalInt.empty(), NO_GROUP);
      // The end of file would come late if another child has a copy of the write end.
      LibC.write(waiting.lifeline(), killer.arena.words(0), 1);
      String end = killer.awaitEnd(waiting.descriptor());
      return waiting.outcome().failedStep() == killer.script.size()
          ? ""
          : "a group killer that does not end while it kills (" + end + ")";
    }
  }

  /**
   * Creates the group killer of a group that does not exist yet, and waits until it waits.
   *
   * @param process the descriptor of the child that will lead the group
   * @param pid the ID of the child, which will be the number of the group
   * @return the lifeline
   * @throws SpawnException if the group killer cannot be created, or ends at its start
   */
  static OwnedDescriptor start(Probes probes, int process, long pid) throws SpawnException {
    try (GroupKiller killer = new GroupKiller(probes)) {
      int lifeline = killer.start(OptionalInt.of(process), pid).lifeline();
      killer.open.remove(Integer.valueOf(lifeline));
      return OwnedDescriptor.take(lifeline, "the lifeline of process group " + pid);
    }
  }

  private Waiting start(OptionalInt process, long group) throws SpawnException {
    int[] lifeline = pipe("for the lifeline of a process group");
    open.addAll(List.of(lifeline[0], lifeline[1]));
    int[] ready = pipe("for the start of a group killer");
    open.addAll(List.of(ready[0], ready[1]));
    addSteps(process, group, lifeline[0], ready[1]);
    NativeArena.Place place = arena.allocate(Integer.BYTES);
    long[] create = {Numbers.SYS_PDFORK, place.address(), probes.descriptorFlags(true)};
    ChildScript.Written written = script.write(arena, create);
    long created = probes.stub().start(written);
    if (created < 0) {
      throw Errors.spawn(Step.CREATE, "pdfork", "the group killer of a process group", created, "");
    }
    int descriptor = place.bytes().getInt(place.at());
    open.add(descriptor); // After its close, init reaps the group killer.
    if (!isReady(ready[0], descriptor)) {
      throw endedEarly(group, awaitEnd(descriptor), written.outcome(created));
    }
    return new Waiting(lifeline[1], descriptor, written, created);
  }

  private void addSteps(OptionalInt process, long group, int lifeline, int ready) {
    long whatever = ChildScript.TOLERATE_ALL;
    script.step(purpose("setsid"), Numbers.SYS_SETSID);
    // A core would be an image of the JVM.
    int core = Numbers.rlimit(Resource.CORE);
    script.step(purpose("setrlimit"), Numbers.SYS_SETRLIMIT, core, arena.words(0, 0));
    NavigableSet<Integer> kept = new TreeSet<>(List.of(lifeline, ready));
    process.ifPresent(kept::add);
    ChildSetup.closeAllBut(script, kept, probes.openLimit());
    if (probes.hasExtendedErrors()) {
      // A call that fails would write to a buffer of the JVM's thread, and the kernel sends SIGSEGV
      // if that is unmapped.
      int disable = Numbers.EXTERRCTL_DISABLE;
      script.tolerantStep(purpose("exterrctl"), whatever, Numbers.SYS_EXTERRCTL, disable, 0, 0);
    }
    // Otherwise pages to which the JVM writes would be retained twice.
    unmapAllBut(script, probes.stub().mapping(), memory.mapping());
    // If the JVM has died since, its group is to be killed all the same.
    long noReader = ChildScript.tolerate(PosixNumbers.EPIPE);
    script.tolerantStep(purpose("write"), noReader, Numbers.SYS_WRITE, ready, arena.words(0), 1);
    // A wait that fails must not kill, so the script ends there.
    script.step(purpose("read"), Numbers.SYS_READ, lifeline, arena.words(0), 1);
    script.tolerantStep(purpose("kill"), whatever, Numbers.SYS_KILL, -group, PosixNumbers.SIGKILL);
    process.ifPresent(fd -> script.tolerantStep(
        purpose("pdkill"), whatever, Numbers.SYS_PDKILL, fd, PosixNumbers.SIGKILL));
  }

  private static Purpose purpose(String operation) {
    return new Purpose(Step.PREPARE, operation, "group killer");
  }

  /** Waits until the group killer waits or ends, and returns whether it waits. */
  private boolean isReady(int ready, int descriptor) {
    try (NativeMemory polled = NativeMemory.borrow()) {
      int outcome;
      do {
        polled.bytes().putInt(0, ready).putInt(4, PosixNumbers.POLLIN);
        polled.bytes().putInt(8, descriptor).putInt(12, 0);
        outcome = LibC.poll(polled.address(), 2, -1);
      } while (outcome == -PosixNumbers.EINTR);
      // The kernel writes revents, which is the upper half of the word that contains events.
      boolean ended = polled.bytes().getInt(12) >>> Short.SIZE != 0;
      return outcome > 0 && !ended && LibC.read(ready, polled.address(), 1) == 1;
    }
  }

  /** Waits for the end of the group killer, reaps it, and describes its exit status. */
  private String awaitEnd(int descriptor) {
    while (Descriptors.poll(descriptor, 0, -1) == -PosixNumbers.EINTR) {
      // A signal was delivered to this thread.
    }
    try (NativeMemory status = NativeMemory.borrow()) {
      return Procdesc.reap(descriptor, status, probes.hasPdwait()) == 1
          ? "its exit status is "
              + WaitStatus.status(status.bytes().getInt(Procdesc.STATUS), Signals.SIGNALS)
          : "its exit status is unknown";
    }
  }

  private SpawnException endedEarly(long group, String end, SpawnStub.Run run) {
    int step = run.failedStep();
    boolean failed = step >= 0 && step < script.size();
    return Errors.spawn(
        Step.PREPARE,
        failed ? script.purpose(step).operation() : "start",
        "the group killer of process group " + group,
        failed ? run.results().get(step) : -PosixNumbers.ESRCH,
        "it ended before it could wait for the death of the JVM; " + end);
  }

  @Override
  public void close() {
    open.forEach(LibC::close);
    memory.close();
  }

  private static void unmapAllBut(ChildScript script, Mapping one, Mapping other) {
    for (Mapping gap : allBut(one, other)) {
      script.tolerantStep(
          purpose("munmap"),
          ChildScript.TOLERATE_ALL,
          Numbers.SYS_MUNMAP,
          gap.address(),
          gap.size());
    }
  }

  /**
   * Returns all memory except two mappings; the gap above the second occurs once for each possible
   * end.
   */
  static List<Mapping> allBut(Mapping one, Mapping other) {
    if (one.address() > other.address()) {
      return allBut(other, one);
    }
    return Stream.concat(
            Stream.of(between(START, one.address()), between(one.end(), other.address())),
            ENDS.stream().map(end -> between(other.end(), end)))
        .filter(gap -> gap.size() > 0)
        .toList();
  }

  private static Mapping between(long start, long end) {
    return new Mapping(start, end - start);
  }
}
