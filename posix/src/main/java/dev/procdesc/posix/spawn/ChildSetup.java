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
import dev.procdesc.posix.ffi.SystemStrings;
import dev.procdesc.posix.spawn.ChildScript.Purpose;
import dev.procdesc.spi.Program;
import dev.procdesc.spi.SpawnRequest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * The order of what a child does before its program. Session and group first, because the terminal
 * depends on them; limits and nice value while the privilege to raise them is there; groups before
 * the user, who may not change them any more; the directory as that user, because it must be open
 * to it; descriptors late, so that failures above leave nothing half done; signals last, so that no
 * signal can interrupt the script.
 *
 * <p>The order and the calls that every system has alike are here; a backend adds the rest.
 */
public abstract class ChildSetup {
  /** Descriptors that a child without close_range closes one by one, at the most. */
  private static final long MAX_CLOSES = 262_144;

  private static final Purpose CLOSING =
      new Purpose(Step.DESCRIPTORS, "close_range", "all other descriptors");

  /**
   * The numbers of the calls that take the same arguments on every system.
   *
   * @param tiocsctty the request of ioctl(2) that makes a terminal the controlling one
   * @param tiocspgrp the one that sets its foreground group
   * @param closeRangeSince the first version with close_range
   */
  public record SetupNumbers(
      long setsid,
      long setpgid,
      long umask,
      long setpriority,
      long setresgid,
      long setresuid,
      long chdir,
      long close,
      long closeRange,
      long ioctl,
      long getpid,
      long execve,
      long tiocsctty,
      long tiocspgrp,
      String closeRangeSince) {}

  /** What is added to. */
  protected final ChildScript script = new ChildScript();

  /** Where arguments are put that the child reads. */
  protected final NativeArena arena;

  private final SpawnRequest request;
  private final ChildDescriptors descriptors;
  private final SetupNumbers calls;

  /** An empty script for a request. */
  protected ChildSetup(
      NativeArena arena, SpawnRequest request, ChildDescriptors descriptors, SetupNumbers calls) {
    this.arena = arena;
    this.request = request;
    this.descriptors = descriptors;
    this.calls = calls;
  }

  /** Refuses a group's end to a child that leads none. */
  public static void requireGroup(SpawnRequest request) {
    if (!request.newSession() && request.processGroup().orElse(1) != 0) {
      throw new IllegalArgumentException(
          "KILL_GROUP is for a child that leads a group: ask for newProcessGroup() or"
              + " newSession()");
    }
  }

  /** Adds a call. */
  protected final void add(
      Step step, String operation, Object subject, long number, long... arguments) {
    script.step(new Purpose(step, operation, String.valueOf(subject)), number, arguments);
  }

  /** Sets a limit; absent values are no limit. */
  protected abstract void limit(Resource resource, Limit limit);

  /** Sets the supplementary groups, before group and user. */
  protected abstract void supplementaryGroups(List<Long> groups, Users.Identity identity);

  /** Gives up new privileges, for good. */
  protected abstract void noNewPrivileges();

  /** Makes a descriptor a copy of another one; the copy stays open over exec. */
  protected abstract void copyDescriptor(int from, int to);

  /** Puts a signal to its default, or ignores it. */
  protected abstract void dispose(int signal, boolean ignore);

  /** Blocks these signals and no other. */
  protected abstract void mask(Collection<Signal> blocked);

  /** The number of a signal. */
  protected abstract int number(Signal signal);

  /** Refuses a program that this system would not execute by descriptor, though it says it does. */
  protected void checkProgram(int fd, int programFd) throws SpawnException {}

  /** Executes a program given by an open descriptor. */
  protected abstract void executeDescriptor(int fd, int programFd, long argv, long envp);

  /**
   * Adds all that a child does, behind what was added before, and ends with its program.
   *
   * @param kept descriptors that nothing may close before exec does
   * @param openLimit empty if close_range is there; else up to where descriptors are closed singly
   * @param notDefault the signals that this child has not back at their default by itself
   */
  public final ChildScript complete(
      Users.Identity identity,
      List<byte[]> environment,
      Set<Integer> kept,
      OptionalLong openLimit,
      BitSet notDefault)
      throws IOException {
    session();
    limits();
    identity(identity);
    directoryAndPrivileges();
    List<byte[]> arguments = new ArrayList<>();
    for (String argument : request.arguments()) {
      arguments.add(SystemStrings.encode(argument));
    }
    long argv = arena.strings(arguments);
    long envp = arena.strings(environment);
    SortedSet<Integer> open = new TreeSet<>(kept);
    if (request.program() instanceof Program.Descriptor program) {
      int fd = descriptors.lift(program.fd());
      checkProgram(fd, program.fd());
      open.add(fd);
      descriptorsTerminalAndSignals(open, openLimit, notDefault);
      executeDescriptor(fd, program.fd(), argv, envp);
    } else {
      String name = ((Program.Named) request.program()).name();
      descriptorsTerminalAndSignals(open, openLimit, notDefault);
      execute(new PathSearch(name, environment).candidates(), argv, envp);
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
    request.umask().ifPresent(mask -> add(Step.LIMITS, "umask", mask, calls.umask(), mask));
    for (Map.Entry<Resource, Limit> entry : request.limits().entrySet()) {
      limit(entry.getKey(), entry.getValue());
    }
    request
        .nice()
        .ifPresent(nice -> add(
            Step.LIMITS,
            "setpriority",
            nice,
            calls.setpriority(),
            PosixNumbers.PRIO_PROCESS,
            0,
            nice));
  }

  /** By the raw system calls: they change this one task only. */
  private void identity(Users.Identity identity) {
    identity.supplementary().ifPresent(groups -> supplementaryGroups(groups, identity));
    identity
        .group()
        .ifPresent(id -> add(Step.USER, "setresgid", id, calls.setresgid(), id, id, id));
    identity.user().ifPresent(id -> add(Step.USER, "setresuid", id, calls.setresuid(), id, id, id));
  }

  private void directoryAndPrivileges() {
    request
        .directory()
        .ifPresent(path ->
            add(Step.DIRECTORY, "chdir", path, calls.chdir(), arena.string(path.toString())));
    if (request.noNewPrivileges()) {
      noNewPrivileges();
    }
  }

  private void descriptorsTerminalAndSignals(
      SortedSet<Integer> open, OptionalLong openLimit, BitSet notDefault) {
    for (ChildDescriptors.Placement placement : descriptors.placements()) {
      copyDescriptor(placement.source(), placement.target());
    }
    open.addAll(descriptors.targets());
    closeAllBut(script, open, openLimit, calls);
    terminal();
    for (int number = notDefault.nextSetBit(1);
        number > 0;
        number = notDefault.nextSetBit(number + 1)) {
      dispose(number, false);
    }
    for (Signal signal : request.ignoredSignals()) {
      dispose(number(signal), true);
    }
    // After this, signals reach the child.
    mask(request.blockedSignals());
  }

  /**
   * Closes what nobody asked for.
   *
   * @param openLimit empty if close_range is there; else up to where descriptors are closed singly
   */
  public static void closeAllBut(
      ChildScript script, SortedSet<Integer> open, OptionalLong openLimit, SetupNumbers calls) {
    long last = openLimit.isPresent() ? closingSteps(openLimit, calls) - 1L : 0xFFFF_FFFFL;
    int next = 0;
    for (int fd : open) {
      close(script, next, fd - 1L, openLimit.isEmpty(), calls);
      next = fd + 1;
    }
    close(script, next, last, openLimit.isEmpty(), calls);
  }

  /**
   * How many steps it takes, at the most, to close what is open one by one; 0 where close_range
   * does it.
   */
  public static int closingSteps(OptionalLong openLimit, SetupNumbers calls) {
    if (openLimit.orElse(0) > MAX_CLOSES) {
      throw new UnsupportedFeatureException(
          Feature.CHILD_SETUP,
          Platform.current().system(),
          "close_range ("
              + calls.closeRangeSince()
              + "), or a limit of open files of at most "
              + MAX_CLOSES
              + " instead of "
              + openLimit.getAsLong());
    }
    return (int) openLimit.orElse(0);
  }

  private static void close(
      ChildScript script, long first, long last, boolean closeRange, SetupNumbers calls) {
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

  /** The terminal, by the child's own descriptor numbers. */
  private void terminal() {
    request
        .controllingTerminal()
        .ifPresent(fd -> add(
            Step.SESSION,
            "ioctl(TIOCSCTTY)",
            "descriptor " + fd,
            calls.ioctl(),
            fd,
            calls.tiocsctty(),
            0));
    if (request.foreground().isPresent()) {
      int fd = request.foreground().getAsInt();
      // The group that the child is in: its own if it leads one, else the one it was told to join.
      int group = request.newSession() ? 0 : request.processGroup().orElse(0);
      long pgrp = arena.words(group);
      if (group == 0) {
        add(Step.SESSION, "getpid", "", calls.getpid());
        script.storeAt(pgrp);
      }
      // SIGTTOU cannot stop it: all signals are blocked still.
      add(
          Step.SESSION,
          "ioctl(TIOCSPGRP)",
          "descriptor " + fd,
          calls.ioctl(),
          fd,
          calls.tiocspgrp(),
          pgrp);
    }
  }

  /** Executes a program given by its path, or the first of several that can be. */
  private void execute(List<byte[]> paths, long argv, long envp) {
    long next = ChildScript.tolerate(
        PosixNumbers.ENOENT, PosixNumbers.EACCES, PosixNumbers.ENOTDIR, PosixNumbers.ENODEV);
    for (byte[] path : paths) {
      script.tolerantStep(
          new Purpose(Step.EXECUTE, "execve", SystemStrings.decode(path)),
          paths.size() == 1 ? 0 : next,
          calls.execve(),
          arena.string(path),
          argv,
          envp);
    }
  }
}
