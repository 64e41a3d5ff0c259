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
 * Forwards the signals that this process gets to the command.
 *
 * <p>The command is in this process's group and therefore gets the signals that the terminal sends
 * to its foreground group: this process survives ^C and does not forward it. If the command leads
 * another session, or if this process is not in the foreground, the signal was sent to this process
 * and is forwarded. Signals that only programs send (TERM, HUP, USR1, USR2) are always forwarded.
 *
 * <p>A ^C during the spawn is forwarded too, because it cannot be determined whether the command
 * was created in time to get it from the terminal: the command may get the signal twice, but never
 * misses it.
 *
 * <p>A signal that is ignored when this process starts, as under nohup(1) or in a script's
 * background job, remains ignored, and the command ignores it too.
 *
 * <p>QUIT cannot be forwarded, because the JVM uses it for its thread dump.
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
   * Starts to handle the signals; they are queued until {@link #to} sets the command.
   *
   * @param ownSession true if the command will lead a new session
   * @param problems a consumer of messages about signals that could not be forwarded
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
      // The JVM reserves this signal.
      return;
    }
    if (SignalHandler.SIG_IGN.equals(before)) {
      sun.misc.Signal.handle(taken, SignalHandler.SIG_IGN);
      ignored.add(signal);
    }
  }

  /** Returns the signals that were ignored when this process started. */
  List<Signal> ignored() {
    return List.copyOf(ignored);
  }

  /** Forwards signals to this command from now on; queued ones are forwarded at once. */
  synchronized void to(ChildProcess child) {
    this.child = child;
    while (!early.isEmpty()) {
      send(child, early.remove());
    }
  }

  /** Returns whether this process got an INT, from any sender. */
  synchronized boolean interrupted() {
    return interrupted;
  }

  /** Restores the default disposition of INT, which ends this process. */
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
      problems.accept("cannot forward " + signal + " to the command: " + e.getMessage());
    }
  }
}
