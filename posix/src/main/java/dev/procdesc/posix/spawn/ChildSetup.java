package dev.procdesc.posix.spawn;

import dev.procdesc.Feature;
import dev.procdesc.Limit;
import dev.procdesc.Platform;
import dev.procdesc.Resource;
import dev.procdesc.Signal;
import dev.procdesc.SpawnException;
import dev.procdesc.SpawnException.Step;
import dev.procdesc.UnsupportedFeatureException;
import dev.procdesc.posix.ffi.NativeArena;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.ffi.SetupNumbers;
import dev.procdesc.posix.ffi.SystemNumbers;
import dev.procdesc.posix.ffi.SystemStrings;
import dev.procdesc.posix.process.Foreground;
import dev.procdesc.posix.spawn.ChildScript.Purpose;
import dev.procdesc.spi.Program;
import dev.procdesc.spi.SpawnRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Builds the script of a child in the required order. Session and group come first, because the
 * terminal depends on them; then limits and nice value, while the child still has the privilege to
 * raise them; groups before the user, who has no permission to change them; the directory as that
 * user, because it must be accessible to it; descriptors late, so that the failures above leave
 * nothing half done; signals last, so that no signal can interrupt the script.
 *
 * <p>This class has the order and the calls that are the same on every system; a backend adds the
 * rest.
 */
public abstract class ChildSetup {
  /** The maximum number of descriptors that a child without close_range closes one by one. */
  private static final long MAX_CLOSES = 262_144;

  /** The operation that sets the supplementary groups. */
  protected static final String SETGROUPS = "setgroups";

  /** The highest number that close_range accepts. */
  public static final long LAST_DESCRIPTOR = 0xFFFF_FFFFL;

  private static final Purpose CLOSING =
      new Purpose(Step.DESCRIPTORS, "close_range", "all other descriptors");

  /** The script being built. */
  protected final ChildScript script = new ChildScript();

  /** The memory for the arguments that the child reads. */
  protected final NativeArena arena;

  private final PreparedSpawn spawn;
  private final SpawnRequest request;
  private final SetupNumbers calls = SystemNumbers.setup();

  /** Creates an empty script for a spawn. */
  protected ChildSetup(PreparedSpawn spawn) {
    this.spawn = spawn;
    this.request = spawn.request();
    this.arena = spawn.arena();
  }

  /** Refuses {@code KILL_GROUP} for a child that leads no process group. */
  public static void requireGroup(SpawnRequest request) {
    if (!request.newSession() && request.processGroup().orElse(1) != 0) {
      throw new IllegalArgumentException(
          "KILL_GROUP requires a child that leads a process group: use newProcessGroup() or"
              + " newSession()");
    }
  }

  /** Adds a system call. */
  protected final void add(
      Step step, String operation, Object subject, long number, long... arguments) {
    script.step(new Purpose(step, operation, String.valueOf(subject)), number, arguments);
  }

  /**
   * Sets a resource limit.
   *
   * @param pair the address of the soft and the hard limit
   */
  protected abstract void limit(Resource resource, long pair);

  /** Sets the supplementary groups, before group and user. */
  protected abstract void supplementaryGroups(List<Long> groups, Users.Identity identity);

  /** Sets no-new-privileges, which is irreversible. */
  protected abstract void noNewPrivileges();

  /**
   * Returns whether the child shares this JVM's descriptor table, and so must not change it before
   * {@link #unshareTable}.
   */
  protected boolean sharesTable() {
    return false;
  }

  /**
   * Gives the child a copy of the lower part of the table, in place of the shared one.
   *
   * @param needed the highest descriptor that the child needs
   * @return the number from which on no descriptor is open
   */
  protected long unshareTable(int needed) {
    throw new IllegalStateException("the table is not shared");
  }

  /**
   * Returns whether the child can open the pipes of this JVM by name, after it has given up the
   * shared table.
   */
  protected boolean opensPipes() {
    return false;
  }

  /**
   * Opens an end of a pipe of this JVM by name, at a number that stays open across exec.
   *
   * @param from the number of the end in this JVM
   */
  protected void openPipe(int from, boolean reads, int to) {
    throw new IllegalStateException("pipes are not opened by name");
  }

  /** Copies a descriptor to another number; the copy stays open across exec. */
  protected abstract void copyDescriptor(int from, int to);

  /** Sets a signal's disposition to the default, or to ignored. */
  protected abstract void dispose(int signal, boolean ignore);

  /** Sets the signal mask to these signals. */
  protected abstract void mask(Collection<Signal> blocked);

  /**
   * Returns the number of a signal that can be ignored.
   *
   * @throws IllegalArgumentException if it cannot be ignored, or this system has no such signal
   */
  protected abstract int ignorable(Signal signal);

  /**
   * Refuses a program that this system would not execute by descriptor although the call succeeds.
   */
  protected void checkProgram(int fd, int programFd) throws SpawnException {}

  /**
   * Adds a step that fails with ENOTTY if a descriptor of the child is no terminal, where the
   * request TIOCSPGRP does not.
   */
  protected void checkTerminal(int fd) {}

  /** Executes a program given by an open descriptor. */
  protected abstract void executeDescriptor(int fd, int programFd, long argv, long envp);

  /**
   * Adds all steps of a child behind those added before, and ends with the execution of its
   * program.
   *
   * @param kept descriptors that must stay open until exec
   * @param openLimit empty if close_range is available; otherwise the number below which
   *     descriptors are closed one by one
   * @param notDefault the signals whose disposition in this child is not the default, so that it
   *     must be reset
   */
  public final ChildScript complete(Set<Integer> kept, OptionalLong openLimit, BitSet notDefault)
      throws IOException {
    session();
    limits();
    identity();
    directoryAndPrivileges();
    long argv = spawn.argv();
    long envp = spawn.envp();
    SortedSet<Integer> open = new TreeSet<>(kept);
    if (request.program() instanceof Program.Descriptor program) {
      int fd = spawn.descriptors().lift(program.fd());
      checkProgram(fd, program.fd());
      open.add(fd);
      descriptorsTerminalAndSignals(open, openLimit, notDefault);
      executeDescriptor(fd, program.fd(), argv, envp);
    } else {
      descriptorsTerminalAndSignals(open, openLimit, notDefault);
      execute(spawn.search().orElseThrow(), argv, envp);
    }
    return script;
  }

  private void session() {
    if (request.newSession()) {
      add(Step.SESSION, "setsid", "", calls.setsid());
    } else if (request.processGroup().isPresent()) {
      int group = request.processGroup().getAsInt();
      add(Step.SESSION, "setpgid", group, calls.setpgid(), 0, group);
    }
  }

  private void limits() {
    if (request.umask().isPresent()) {
      int mask = request.umask().getAsInt();
      add(Step.LIMITS, "umask", mask, calls.umask(), mask);
    }
    for (Map.Entry<Resource, Limit> entry : request.limits().entrySet()) {
      Limit limit = entry.getValue();
      long none = calls.rlimInfinity();
      limit(entry.getKey(), arena.words(limit.soft().orElse(none), limit.hard().orElse(none)));
    }
    if (request.nice().isPresent()) {
      int nice = request.nice().getAsInt();
      add(
          Step.LIMITS,
          "setpriority",
          nice,
          calls.setpriority(),
          PosixNumbers.PRIO_PROCESS,
          0,
          nice);
    }
  }

  /** Uses the raw system calls, because they change this task only. */
  private void identity() {
    Users.Identity identity = spawn.identity();
    if (identity.supplementary().isPresent()) {
      supplementaryGroups(identity.supplementary().get(), identity);
    }
    if (identity.group().isPresent()) {
      long id = identity.group().get();
      add(Step.USER, "setresgid", id, calls.setresgid(), id, id, id);
    }
    if (identity.user().isPresent()) {
      long id = identity.user().get();
      add(Step.USER, "setresuid", id, calls.setresuid(), id, id, id);
    }
  }

  private void directoryAndPrivileges() {
    if (request.directory().isPresent()) {
      Path path = request.directory().get();
      long bytes = arena.string(SystemStrings.encode(path));
      add(Step.DIRECTORY, "chdir", path, calls.chdir(), bytes);
    }
    if (request.noNewPrivileges()) {
      noNewPrivileges();
    }
  }

  private void descriptorsTerminalAndSignals(
      SortedSet<Integer> open, OptionalLong openLimit, BitSet notDefault) {
    ChildDescriptors descriptors = spawn.descriptors();
    OptionalLong end = openLimit;
    if (sharesTable() && isWorthOpening(descriptors, open)) {
      end = OptionalLong.of(
          unshareTable(descriptors.highestBesidesPipes(open)) + openPipes(descriptors));
    } else {
      if (sharesTable()) {
        end = OptionalLong.of(unshareTable(descriptors.highestNeeded(open)));
      }
      for (ChildDescriptors.Placement placement : descriptors.placements()) {
        copyDescriptor(placement.source(), placement.target());
      }
    }
    open.addAll(descriptors.targets());
    closeAllBut(script, open, end, openLimit.isEmpty());
    terminal();
    for (int number = notDefault.nextSetBit(1);
        number > 0;
        number = notDefault.nextSetBit(number + 1)) {
      dispose(number, false);
    }
    for (Signal signal : request.ignoredSignals()) {
      dispose(ignorable(signal), true);
    }
    // From here on, signals are delivered to the child.
    mask(request.blockedSignals());
  }

  /**
   * Returns whether pipes keep the child's copy of the table large, and it can open them instead.
   */
  private boolean isWorthOpening(ChildDescriptors descriptors, SortedSet<Integer> open) {
    return descriptors.highestNeeded(open) - descriptors.highestBesidesPipes(open)
            > ReservedNumbers.LOW
        && opensPipes()
        && descriptors.inheritsOpenNumbers();
  }

  /**
   * Places the descriptors of a child whose table has no pipes. The others come first: then no pipe
   * is opened at a number that must not be overwritten.
   *
   * @return the number of pipes, each of which is opened at the lowest free number
   */
  private int openPipes(ChildDescriptors descriptors) {
    Map<Integer, Integer> pipes = new LinkedHashMap<>();
    for (ChildDescriptors.Placement placement : descriptors.placements()) {
      if (!descriptors.isPipeEnd(placement.source())) {
        copyDescriptor(placement.source(), placement.target());
      }
    }
    for (ChildDescriptors.Placement placement : descriptors.placements()) {
      if (descriptors.isPipeEnd(placement.source())) {
        Integer opened = pipes.putIfAbsent(placement.source(), placement.target());
        if (opened == null) {
          openPipe(placement.source(), descriptors.isRead(placement.target()), placement.target());
        } else {
          copyDescriptor(opened, placement.target()); // Standard error is standard output.
        }
      }
    }
    return pipes.size();
  }

  /**
   * Closes all descriptors that were not requested.
   *
   * @param openLimit empty if close_range is available; otherwise the number below which
   *     descriptors are closed one by one
   */
  public static void closeAllBut(
      ChildScript script, SortedSet<Integer> open, OptionalLong openLimit) {
    closeAllBut(script, open, openLimit, openLimit.isEmpty());
  }

  /**
   * Closes all descriptors below a number that were not requested.
   *
   * @param end the number; empty for all descriptors
   * @param closeRange whether close_range is available
   */
  private static void closeAllBut(
      ChildScript script, SortedSet<Integer> open, OptionalLong end, boolean closeRange) {
    long last =
        end.isEmpty() ? LAST_DESCRIPTOR : (closeRange ? end.getAsLong() : closingSteps(end)) - 1L;
    int next = 0;
    for (int fd : open) {
      close(script, next, Math.min(fd - 1L, last), closeRange);
      next = fd + 1;
    }
    close(script, next, last, closeRange);
  }

  /**
   * Returns the maximum number of steps that closing the descriptors one by one takes; 0 if
   * close_range does it.
   */
  public static int closingSteps(OptionalLong openLimit) {
    if (openLimit.orElse(0) > MAX_CLOSES) {
      throw new UnsupportedFeatureException(
          Feature.CHILD_SETUP,
          Platform.current().system(),
          "close_range ("
              + SystemNumbers.setup().closeRangeSince()
              + "), or descriptors below "
              + MAX_CLOSES
              + ", while those of this JVM may reach "
              + openLimit.getAsLong());
    }
    return (int) openLimit.orElse(0);
  }

  private static void close(ChildScript script, long first, long last, boolean closeRange) {
    SetupNumbers calls = SystemNumbers.setup();
    if (closeRange) {
      if (first <= last) {
        script.step(CLOSING, calls.closeRange(), first, last, 0);
      }
      return;
    }
    long notOpen = ChildScript.tolerate(PosixNumbers.EBADF);
    for (long fd = first; fd <= last; fd++) {
      script.tolerantStep(CLOSING, notOpen, calls.close(), fd);
    }
  }

  /** Sets up the terminal, by the child's descriptor numbers. */
  private void terminal() {
    if (request.controllingTerminal().isPresent()) {
      int fd = request.controllingTerminal().getAsInt();
      add(
          Step.SESSION,
          "ioctl(TIOCSCTTY)",
          "descriptor " + fd,
          calls.ioctl(),
          fd,
          calls.terminal().tiocsctty(),
          0);
    }
    if (request.foreground().isPresent()) {
      int fd = request.foreground().getAsInt();
      checkTerminal(fd);
      NativeArena.Place pgrp = arena.allocate(Long.BYTES);
      pgrp.bytes().putLong(pgrp.at(), 0);
      add(Step.SESSION, "getpgid", "", calls.getpgid(), 0);
      script.storeAt(pgrp.address());
      spawn.foreground().ifPresent(foreground -> foreground.groupAt(pgrp));
      if (!spawn.foreground().map(Foreground::isGiven).orElse(true)) {
        return;
      }
      // SIGTTOU cannot stop the child: all signals are still blocked.
      add(
          Step.SESSION,
          "ioctl(TIOCSPGRP)",
          "descriptor " + fd,
          calls.ioctl(),
          fd,
          calls.terminal().tiocspgrp(),
          pgrp.address());
    }
  }

  /** Executes a program given by its path, or the first of several that can be executed. */
  private void execute(PathSearch search, long argv, long envp) {
    long next = search.tolerated();
    for (byte[] path : search.candidates()) {
      script.tolerantStep(
          new Purpose(Step.EXECUTE, "execve", SystemStrings.decode(path)),
          next,
          calls.execve(),
          arena.string(path),
          argv,
          envp);
    }
  }
}
