package dev.procdesc.linux;

import dev.procdesc.ExitStatus;
import dev.procdesc.Feature;
import dev.procdesc.Signal;
import dev.procdesc.SpawnException;
import dev.procdesc.SpawnException.Step;
import dev.procdesc.linux.kernel.Numbers;
import dev.procdesc.linux.kernel.Syscalls;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeArena;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.ffi.SystemStrings;
import dev.procdesc.posix.io.OwnedDescriptor;
import dev.procdesc.posix.probe.Unsupported;
import dev.procdesc.posix.spawn.ChildScript;
import dev.procdesc.posix.spawn.ChildScript.Purpose;
import dev.procdesc.posix.spawn.ScriptFailure;
import dev.procdesc.posix.spawn.SpawnStub;
import dev.procdesc.spi.Since;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.spi.AbstractInterruptibleChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Supplier;

/**
 * The control group (cgroup v2) of one spawn. A child is created in it by clone3
 * (CLONE_INTO_CGROUP), or enters it by its {@code cgroup.procs}, which is slower: the kernel then
 * waits until no other process forks or exits.
 *
 * <p>Some kernels kill each child of clone3 at its creation if the group was killed by
 * {@code cgroup.kill} more or less often than the group of this JVM (seen from 6.16 to 7.2): they
 * compare the counters of two different groups. Nothing makes such a group usable for clone3 again,
 * except that it is removed and made anew. So a child that was killed before its first step is
 * created once more, and enters the group by {@code cgroup.procs}.
 */
final class ControlGroup {
  /** The name of the call by which a child enters a group. */
  static final String ENTERING = "write(cgroup.procs)";

  private static final String CREATING = "clone3(CLONE_INTO_CGROUP)";
  private static final String REMOVED = "the control group was removed";

  /** The rules of control groups, by the error of the call that violates one. */
  static final Map<Integer, String> RULES = Map.of(
      PosixNumbers.EBADF,
      "it is not a directory of a cgroup v2",
      Numbers.EBUSY,
      "it distributes controllers to its child groups (cgroup.subtree_control), and such a group"
          + " must not contain processes; use one of its child groups",
      PosixNumbers.EACCES,
      "the user of this JVM must have permission to write the cgroup.procs of this group and of"
          + " the nearest ancestor that it shares with the group of this JVM; run the JVM in the"
          + " delegated subtree that contains this group (systemd: Delegate=yes)",
      Numbers.EOPNOTSUPP,
      "its cgroup.type is \"domain invalid\", because it is in a threaded subtree; write"
          + " \"threaded\" to its cgroup.type, or use a group outside of that subtree",
      PosixNumbers.ENOENT,
      REMOVED,
      PosixNumbers.ENODEV,
      REMOVED);

  private static final int FILE_SIZE = 256;

  private final Path directory;
  private OptionalInt open = OptionalInt.empty();
  private boolean enteredByClone3;

  /** Set if the last child was killed before its first step. */
  private boolean diedAtBirth;

  /** Set if the last child was killed because its thread was interrupted. */
  private boolean interrupted;

  ControlGroup(Path directory) {
    this.directory = directory;
  }

  Path directory() {
    return directory;
  }

  /** Opens the group for the next child. */
  void open(boolean forClone3) throws SpawnException {
    close();
    Path path = forClone3 ? directory : directory.resolve("cgroup.procs");
    int flags =
        forClone3 ? PosixNumbers.O_RDONLY | Numbers.POSIX.oDirectory() : PosixNumbers.O_WRONLY;
    int fd = open(path, flags);
    if (fd < 0) {
      throw Errors.spawn(Step.CGROUP, "open", path, fd, fd == -PosixNumbers.EACCES ? rule(fd) : "");
    }
    open = OptionalInt.of(fd);
    enteredByClone3 = forClone3;
  }

  /** Opens {@code cgroup.kill}. */
  OwnedDescriptor openKill() throws SpawnException {
    Path path = directory.resolve("cgroup.kill");
    int fd = open(path, PosixNumbers.O_WRONLY);
    if (fd == -PosixNumbers.ENOENT) {
      throw Unsupported.feature(
          Feature.KILL_CGROUP, path + " (" + Since.CGROUP_KILL + ", and not in the root cgroup)");
    }
    if (fd < 0) {
      throw Errors.spawn(Step.CGROUP, "open", path, fd, "");
    }
    return OwnedDescriptor.take(fd, path.toString());
  }

  private static int open(Path path, int flags) {
    try (NativeArena arena = new NativeArena()) {
      return LibC.open(
          arena.string(SystemStrings.encode(path)), flags | Numbers.POSIX.oCloexec(), 0);
    }
  }

  /** Returns the directory, or its {@code cgroup.procs}. */
  int fd() {
    return open.orElseThrow();
  }

  /** Returns whether clone3 creates the child in the group. */
  boolean isEnteredByClone3() {
    return enteredByClone3;
  }

  void close() {
    open.ifPresent(LibC::close);
    open = OptionalInt.empty();
  }

  /**
   * Refuses a frozen group. A child that is created in it, or enters it, does not continue before
   * the group is thawed, and the thread that creates the child waits for it in the kernel.
   */
  void refuseIfFrozen() throws SpawnException {
    if (isFrozen()) {
      throw Errors.spawn(
          Step.CGROUP,
          "enter the control group",
          directory,
          -Numbers.EBUSY,
          "it is frozen, or one of its ancestors is: its child would not start before it is thawed"
              + " (write 0 to cgroup.freeze)");
    }
  }

  /** Returns whether the group is frozen, itself or by an ancestor, or is about to be. */
  private boolean isFrozen() {
    // The second file does not tell of an ancestor, and the first not before all processes froze.
    return read(directory, "cgroup.events").contains("frozen 1")
        || read(directory, "cgroup.freeze").startsWith("1");
  }

  /** Reads a small file of a group; returns an empty string if that is impossible. */
  private static String read(Path group, String name) {
    int fd = open(group.resolve(name), PosixNumbers.O_RDONLY);
    if (fd < 0) {
      return "";
    }
    try (NativeArena arena = new NativeArena()) {
      NativeArena.Place place = arena.allocate(FILE_SIZE);
      int count = Math.max(0, (int) LibC.read(fd, place.address(), FILE_SIZE));
      byte[] bytes = new byte[count];
      place.bytes().get(place.at(), bytes);
      return new String(bytes, StandardCharsets.US_ASCII).strip();
    } finally {
      LibC.close(fd);
    }
  }

  /**
   * Runs a child. If the group is frozen after {@link #refuseIfFrozen} and before the child
   * executes its program, the call returns when it is thawed, or when this thread is interrupted,
   * which kills the child then.
   *
   * @param pidfd the place where the descriptor of the child is stored
   */
  SpawnStub.Run run(NativeArena.Place pidfd, Supplier<SpawnStub.Run> call) {
    pidfd.bytes().putInt(pidfd.at(), -1);
    InterruptKill trap = new InterruptKill(pidfd);
    SpawnStub.Run run = trap.run(call);
    interrupted = trap.killed();
    return run;
  }

  /** Returns the exception for a child that was not created because of its group. */
  Optional<SpawnException> refusal(long outcome) {
    if (outcome == -Numbers.POSIX.eagain()) {
      return full()
          .map(group -> Errors.spawn(
              Step.CGROUP,
              CREATING,
              group,
              outcome,
              "its pids.max is reached, which includes the processes of all its descendants"));
    }
    return enteredByClone3 && RULES.containsKey((int) -outcome)
        ? Optional.of(Errors.spawn(Step.CGROUP, CREATING, directory, outcome, rule(outcome)))
        : Optional.empty();
  }

  private static String rule(long outcome) {
    return RULES.getOrDefault((int) -outcome, "");
  }

  /** Returns the group, this one or an ancestor, that has as many processes as it may have. */
  private Optional<Path> full() {
    for (Path group = directory.toAbsolutePath(); group != null; group = group.getParent()) {
      String most = read(group, "pids.max");
      String now = read(group, "pids.current");
      if (!most.isEmpty()
          && !"max".equals(most)
          && !now.isEmpty()
          && Long.parseLong(now) >= Long.parseLong(most)) {
        return Optional.of(group);
      }
    }
    return Optional.empty();
  }

  /** Returns the exception for a child that ended before it executed its program. */
  SpawnException earlyEnd(
      ChildScript script, SpawnStub.Run run, String creation, ExitStatus status) {
    boolean killed =
        status instanceof ExitStatus.Signaled signaled && signaled.signal().equals(Signal.KILL);
    diedAtBirth = killed && run.returned() == 0 && !interrupted;
    Purpose entering =
        new Purpose(Step.CGROUP, enteredByClone3 ? CREATING : ENTERING, directory.toString());
    if (interrupted) {
      return ScriptFailure.earlyEnd(
          entering, status, "the control group was frozen, and the thread was interrupted");
    }
    return enteredByClone3 && diedAtBirth
        ? ScriptFailure.earlyEnd(entering, status, "or by cgroup.kill of the control group")
        : ScriptFailure.ofEarlyEnd(script, run, creation, status);
  }

  /**
   * Returns whether a failure is that of a group in which the kernel kills each child of clone3, so
   * that a child can only enter it by {@code cgroup.procs}.
   */
  boolean isDeadly(SpawnException failure) {
    return enteredByClone3 && diedAtBirth && failure.childStatus().isPresent();
  }

  /**
   * Kills a child that does not start because its group is frozen, if its thread is interrupted.
   */
  private final class InterruptKill extends AbstractInterruptibleChannel {
    private final NativeArena.Place pidfd;
    private final Object lock = new Object();
    private boolean over;
    private boolean killed;

    InterruptKill(NativeArena.Place pidfd) {
      this.pidfd = pidfd;
    }

    SpawnStub.Run run(Supplier<SpawnStub.Run> call) {
      begin();
      try {
        return call.get();
      } finally {
        synchronized (lock) {
          over = true; // The descriptor and its place are the caller's again.
        }
        leave();
      }
    }

    private void leave() {
      try {
        end(true);
      } catch (ClosedByInterruptException e) {
        // The interrupt status of the thread remains set.
      } catch (IOException e) {
        throw new AssertionError("only an interrupt closes the channel", e);
      }
    }

    boolean killed() {
      synchronized (lock) {
        return killed;
      }
    }

    /** Called by the thread that interrupts the spawning thread. */
    @Override
    protected void implCloseChannel() {
      synchronized (lock) {
        int fd = over ? -1 : pidfd.bytes().getInt(pidfd.at());
        if (fd >= 0 && isFrozen()) {
          killed = Syscalls.pidfdSendSignal(fd, PosixNumbers.SIGKILL, 0, 0) == 0;
        }
      }
    }
  }
}
