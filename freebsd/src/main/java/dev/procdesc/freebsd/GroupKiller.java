package dev.procdesc.freebsd;

import dev.procdesc.SpawnException;
import dev.procdesc.SpawnException.Step;
import dev.procdesc.freebsd.kernel.Numbers;
import dev.procdesc.freebsd.kernel.Probes;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.Mapping;
import dev.procdesc.posix.ffi.NativeArena;
import dev.procdesc.posix.ffi.NativeMemory;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.io.OwnedDescriptor;
import dev.procdesc.posix.spawn.ChildScript;
import dev.procdesc.posix.spawn.ChildScript.Purpose;
import dev.procdesc.posix.spawn.ChildSetup;
import java.util.List;
import java.util.OptionalLong;
import java.util.SortedSet;
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
 * <p>The child must not run its program before its group killer exists. It waits at a
 * {@link StartBarrier}: the first steps of its script read a byte that the JVM writes.
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
public final class GroupKiller {
  private static final Purpose PASS_BARRIER =
      new Purpose(Step.PREPARE, "read", "the start barrier");
  private static final Purpose KILL_GROUP = new Purpose(Step.PREPARE, "group killer", "");

  private static final int ROOM = 16 * 1024;

  /** The start of user memory: the first page is never mapped. */
  private static final long START = 0x1000;

  /**
   * The end of user memory: on amd64, on arm64, and on amd64 with five levels of page tables. A
   * call with an end beyond the limit fails and unmaps nothing.
   */
  private static final List<Long> ENDS =
      List.of(0x7FFF_FFFF_F000L, 0xFFFF_FFFF_F000L, 0xFF_FFFF_FFFF_F000L);

  private GroupKiller() {}

  /** A pipe at whose read end a child waits. Only one child waits at any time. */
  static final class StartBarrier implements AutoCloseable {
    private final int readEnd;
    private final int writeEnd;
    private boolean closed;

    private StartBarrier(int readEnd, int writeEnd) {
      this.readEnd = readEnd;
      this.writeEnd = writeEnd;
    }

    static StartBarrier make(NativeArena arena) throws SpawnException {
      int[] ends = pipe(arena, "for the start barrier");
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
  static int[] pipe(NativeArena arena, String what) throws SpawnException {
    NativeArena.Place pair = arena.allocate(2 * Integer.BYTES);
    int outcome = LibC.pipe2(pair.address(), Numbers.POSIX.oCloexec());
    if (outcome < 0) {
      throw Errors.spawn(Step.PREPARE, "pipe2", what, outcome, "");
    }
    return new int[] {pair.bytes().getInt(pair.at()), pair.bytes().getInt(pair.at() + Integer.BYTES)
    };
  }

  /**
   * Creates the group killer of a group that does not exist yet.
   *
   * @param process the descriptor of the child that will lead the group
   * @param pid the ID of the child, which will be the number of the group
   * @return the lifeline
   */
  static OwnedDescriptor start(Probes probes, int process, long pid) throws SpawnException {
    OptionalLong openLimit = probes.openLimit();
    // Without close_range, the script closes descriptors one by one.
    int closing = ChildSetup.closingSteps(openLimit) * ChildScript.STEP_SIZE;
    try (NativeMemory memory = NativeMemory.leave(ROOM + closing)) {
      NativeArena arena = NativeArena.in(memory); // Closed with its memory.
      int[] lifeline = pipe(arena, "for the lifeline of a process group");
      boolean kept = false;
      try {
        NativeArena.Place place = arena.allocate(Integer.BYTES);
        ChildScript script = new ChildScript();
        script.step(KILL_GROUP, Numbers.SYS_SETSID);
        SortedSet<Integer> open = new TreeSet<>(List.of(process, lifeline[0]));
        ChildSetup.closeAllBut(script, open, openLimit);
        // Otherwise pages to which the JVM writes would be retained twice.
        probes.stub().mapping().ifPresent(code -> unmapAllBut(script, code, memory.mapping()));
        waitAndKill(script, arena, process, pid, lifeline[0]);
        long[] create = {Numbers.SYS_PDFORK, place.address(), probes.descriptorFlags(true)};
        long created = probes.stub().start(script.write(arena, create));
        if (created < 0) {
          throw Errors.spawn(
              Step.CREATE, "pdfork", "the group killer of a process group", created, "");
        }
        LibC.close(place.bytes().getInt(place.at())); // From now on init reaps it.
        kept = true;
        return OwnedDescriptor.take(lifeline[1], "the lifeline of process group " + pid);
      } finally {
        LibC.close(lifeline[0]);
        if (!kept) {
          LibC.close(lifeline[1]);
        }
      }
    }
  }

  private static void waitAndKill(
      ChildScript script, NativeArena arena, int process, long pid, int lifeline) {
    long whatever = ChildScript.TOLERATE_ALL;
    // A wait that fails must not kill, so the script ends there.
    script.step(KILL_GROUP, Numbers.SYS_READ, lifeline, arena.words(0), 1);
    script.tolerantStep(KILL_GROUP, whatever, Numbers.SYS_KILL, -pid, PosixNumbers.SIGKILL);
    script.tolerantStep(KILL_GROUP, whatever, Numbers.SYS_PDKILL, process, PosixNumbers.SIGKILL);
  }

  private static void unmapAllBut(ChildScript script, Mapping one, Mapping other) {
    for (Mapping gap : allBut(one, other)) {
      script.tolerantStep(
          KILL_GROUP, ChildScript.TOLERATE_ALL, Numbers.SYS_MUNMAP, gap.address(), gap.size());
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
