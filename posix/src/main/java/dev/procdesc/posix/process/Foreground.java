package dev.procdesc.posix.process;

import static dev.procdesc.posix.io.Logging.LOG;

import dev.procdesc.ExitStatus;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.StateChange;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeArena;
import dev.procdesc.posix.ffi.SystemNumbers;
import dev.procdesc.posix.ffi.Terminals;
import dev.procdesc.posix.io.OwnedDescriptor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The hand-over of the JVM's controlling terminal to a child, and the way back, as a shell does it:
 * the child makes its process group the foreground group, and the JVM takes the terminal back when
 * the child has ended or stopped, if that group still has it.
 *
 * <p>The modes of the terminal are restored after a child that was killed by a signal or has
 * stopped, because it had no chance to do so itself. Those that a child sets before it exits
 * remain: that may be its purpose, as with stty(1).
 */
public final class Foreground {
  /**
   * The number of running children in each group that a hand-over was requested for. The terminal
   * comes back with the last one of a group. Guarded by itself.
   */
  private static final Map<Integer, Integer> CHILDREN = new HashMap<>();

  private final OwnedDescriptor terminal;

  /** The process group of this JVM. */
  private final int ours;

  private final boolean given;

  /** The memory in which each attempt to create the child stores the group of the child. */
  private final List<NativeArena.Place> attempts = new ArrayList<>();

  // The following fields are guarded by this.

  /** The modes when the JVM handed the terminal over. */
  private byte[] modes;

  private int group;
  private boolean ended;

  /** The modes that the child had set when it stopped. */
  private Optional<byte[]> modesOfChild = Optional.empty();

  private Foreground(OwnedDescriptor terminal, int ours, byte[] modes, boolean given) {
    this.terminal = terminal;
    this.ours = ours;
    this.modes = modes;
    this.given = given;
  }

  /**
   * Prepares a hand-over.
   *
   * @param fd the terminal, a descriptor of this JVM
   * @return empty if this is not the controlling terminal of this JVM
   */
  public static Optional<Foreground> of(int fd) throws ProcessDescriptorException {
    // The modes first: on FreeBSD a pipe accepts the request for a group.
    Optional<byte[]> modes = Terminals.modes(fd);
    int has = modes.isPresent() ? Terminals.foreground(fd) : -1;
    if (has < 0) {
      return Optional.empty();
    }
    int copy = LibC.fcntl(fd, SystemNumbers.posix().fDupfdCloexec(), 0);
    if (copy < 0) {
      throw Errors.failed("fcntl(F_DUPFD_CLOEXEC)", "descriptor " + fd, copy);
    }
    int ours = LibC.getpgid(0);
    return Optional.of(new Foreground(
        OwnedDescriptor.take(copy, "the terminal"),
        ours,
        modes.orElseThrow(),
        has == ours || isGiven(has)));
  }

  private static boolean isGiven(int group) {
    synchronized (CHILDREN) {
      return CHILDREN.containsKey(group);
    }
  }

  /**
   * Returns whether the child gets the terminal: if this JVM or one of its children has it. A JVM
   * in the background does not take it from the job that has it.
   */
  public boolean isGiven() {
    return given;
  }

  /** Sets the place in which a child that is being created stores its process group. */
  public void groupAt(NativeArena.Place place) {
    attempts.add(place);
  }

  private boolean isOfAttempt(int candidate) {
    return attempts.stream().anyMatch(place -> place.bytes().getInt(place.at()) == candidate);
  }

  /** Takes the terminal back from a child whose creation has failed after it took the terminal. */
  public void failed() {
    try (OwnedDescriptor.Loan loan = terminal.lend()) {
      int has = Terminals.foreground(loan.fd());
      if (given && has != ours && isOfAttempt(has)) {
        takeBack(loan.fd(), false);
      }
    } finally {
      terminal.close();
    }
  }

  /** Counts the child, which executes its program. */
  synchronized void started() {
    NativeArena.Place last = attempts.get(attempts.size() - 1);
    group = last.bytes().getInt(last.at());
    attempts.clear();
    count(1);
  }

  /** Counts the children of the group, and returns the new number. */
  private int count(int change) {
    synchronized (CHILDREN) {
      int count = CHILDREN.getOrDefault(group, 0) + change;
      if (count == 0) {
        CHILDREN.remove(group);
      } else {
        CHILDREN.put(group, count);
      }
      return count;
    }
  }

  /** Returns whether the child is in the process group of this JVM, which has the same terminal. */
  synchronized boolean isShared() {
    return group == ours;
  }

  /** Takes the terminal back when the child has ended. Called once, before the end is published. */
  synchronized void ended(ExitStatus status) {
    ended = true;
    if (count(-1) == 0) {
      takeBackIfHeld(!(status instanceof ExitStatus.Exited));
    }
    terminal.close();
  }

  /** Takes the terminal back when the child has stopped. */
  synchronized void changed(StateChange change) {
    if (change instanceof StateChange.Stopped && !ended) {
      takeBackIfHeld(true);
    }
  }

  private void takeBackIfHeld(boolean restore) {
    if (group == ours) {
      return;
    }
    try (OwnedDescriptor.Loan loan = terminal.lend()) {
      if (Terminals.foreground(loan.fd()) == group) {
        modesOfChild = Terminals.modes(loan.fd());
        takeBack(loan.fd(), restore);
      }
    }
  }

  private void takeBack(int fd, boolean restore) {
    int outcome = Terminals.withoutStop(() -> {
      int taken = Terminals.setForeground(fd, ours);
      return taken == 0 && restore ? Terminals.setModes(fd, modes) : taken;
    });
    if (outcome < 0) {
      LOG.log(
          System.Logger.Level.WARNING,
          "the terminal cannot be taken back from a child: {0}",
          Errors.describe(-outcome));
    }
  }

  /**
   * Hands the terminal over again.
   *
   * @return false if the child has ended, or neither this JVM nor one of its children has the
   *     terminal
   */
  synchronized boolean give() throws ProcessDescriptorException {
    if (ended) {
      return false;
    }
    try (OwnedDescriptor.Loan loan = terminal.lend()) {
      int has = Terminals.foreground(loan.fd());
      if (has < 0) {
        throw Errors.failed("ioctl(TIOCGPGRP)", "the terminal", has);
      }
      if (has == group) {
        return true;
      }
      if (has != ours && !isGiven(has)) {
        return false;
      }
      modes = Terminals.modes(loan.fd()).orElse(modes);
      Optional<byte[]> wanted = modesOfChild;
      int outcome = Terminals.withoutStop(() -> {
        int set = wanted.isPresent() ? Terminals.setModes(loan.fd(), wanted.get()) : 0;
        return set == 0 ? Terminals.setForeground(loan.fd(), group) : set;
      });
      if (outcome < 0) {
        throw Errors.failed("ioctl(TIOCSPGRP)", "the terminal", outcome);
      }
      return true;
    }
  }

  /** Forgets the child, whose end is no longer observed. */
  synchronized void dropped() {
    if (!ended) {
      ended = true;
      count(-1);
      terminal.close();
    }
  }
}
