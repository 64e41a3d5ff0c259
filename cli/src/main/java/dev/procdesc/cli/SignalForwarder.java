package dev.procdesc.cli;

import dev.procdesc.ChildProcess;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.Signal;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import sun.misc.SignalHandler;

/**
 * Hands the signals that this process gets on to the command.
 *
 * <p>The command shares this process's group and so gets what the terminal sends to its foreground
 * group anyway: ^C is survived here and not sent a second time. That changes when the command leads
 * a session of its own, or when this process is not in the foreground: then the signal was meant
 * for this process, and goes on. What only a program sends (TERM, HUP, USR1, USR2) always goes on.
 *
 * <p>A ^C while the command is being spawned goes on too, for nobody can tell whether the command
 * was born in time to get it from the terminal: it may come twice, but is never lost.
 *
 * <p>A signal that is ignored when this process starts, as under nohup(1) or in a script's
 * background job, stays ignored, and the command is to ignore it too.
 *
 * <p>QUIT is the JVM's own, for its thread dump: it cannot be handed on.
 */
final class SignalForwarder {
  private final boolean ownSession;
  private final Consumer<String> problems;
  private final List<Signal> ignored = new ArrayList<>();
  private final Queue<Signal> early = new ArrayDeque<>();
  private @Nullable ChildProcess child;
  private boolean interrupted;

  private SignalForwarder(boolean ownSession, Consumer<String> problems) {
    this.ownSession = ownSession;
    this.problems = problems;
  }

  /**
   * Starts to take the signals; they wait until {@link #to} is told the command.
   *
   * @param ownSession whether the command will lead a session of its own
   * @param problems told what could not be handed on
   */
  static SignalForwarder install(boolean ownSession, Consumer<String> problems) {
    SignalForwarder forwarder = new SignalForwarder(ownSession, problems);
    forwarder.take(Signal.INT);
    forwarder.take(Signal.TERM);
    forwarder.take(Signal.HUP);
    forwarder.take(Signal.USR1);
    forwarder.take(Signal.USR2);
    if (ownSession) {
      forwarder.take(Signal.WINCH);
    }
    return forwarder;
  }

  private void take(Signal signal) {
    sun.misc.Signal taken = new sun.misc.Signal(signal.name().substring("SIG".length()));
    SignalHandler before;
    try {
      before = sun.misc.Signal.handle(taken, arrived -> received(signal));
    } catch (IllegalArgumentException e) {
      // The JVM wants this one for itself.
      return;
    }
    if (SignalHandler.SIG_IGN.equals(before)) {
      sun.misc.Signal.handle(taken, SignalHandler.SIG_IGN);
      ignored.add(signal);
    }
  }

  /** The signals that were ignored when this process started. */
  List<Signal> ignored() {
    return List.copyOf(ignored);
  }

  /** From now on signals go to this command; those that came early go at once. */
  synchronized void to(ChildProcess child) {
    this.child = child;
    while (!early.isEmpty()) {
      send(child, early.remove());
    }
  }

  /** Whether this process got an INT, from wherever. */
  synchronized boolean interrupted() {
    return interrupted;
  }

  /** Lets INT end this process again. */
  void releaseInterrupt() {
    sun.misc.Signal.handle(new sun.misc.Signal("INT"), SignalHandler.SIG_DFL);
  }

  private synchronized void received(Signal signal) {
    if (signal.equals(Signal.INT)) {
      interrupted = true;
      if (child != null && !ownSession && Terminal.inForeground()) {
        return;
      }
    }
    if (child == null) {
      early.add(signal);
    } else {
      send(child, signal);
    }
  }

  private void send(ChildProcess to, Signal signal) {
    try {
      to.signal(signal);
    } catch (ProcessDescriptorException | IllegalStateException e) {
      problems.accept("cannot hand " + signal + " on to the command: " + e.getMessage());
    }
  }
}
