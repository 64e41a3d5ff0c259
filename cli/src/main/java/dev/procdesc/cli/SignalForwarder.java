package dev.procdesc.cli;

import dev.procdesc.ProcessDescriptor;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.Signal;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import sun.misc.SignalHandler;

/**
 * Forwards the signals that this process gets to the command, so that each reaches it once.
 *
 * <p>A signal to the process group, from the terminal, {@code kill %1} or a shell that exits, and
 * one to the control group reach the command directly. A {@link SignalWitness} distinguishes them
 * from those that are sent to this process alone, and only the latter are forwarded.
 *
 * <p>HUP, INT and TERM end this process if they arrive before the command exists. Another signal is
 * forwarded when the command exists. If it was sent to the group while the command was created, it
 * is forwarded if the command did not exist when the witness reported it, or has no handler yet: a
 * command without a handler that got it has ended, or does not notice it.
 *
 * <p>A signal that is ignored when this process starts, as under nohup(1) or in a script's
 * background job, remains ignored, and the command ignores it too. For the signals that a JVM
 * handles itself, the launcher {@code pd} detects that before the JVM starts. Excepted are CHLD, at
 * which a command could not wait for its children, PWR, STKFLT, real-time signals, and those that
 * report a fault of the process.
 *
 * <p>Not forwarded: QUIT, at which the JVM prints its threads; PIPE, which the JVM gets whenever it
 * writes to a pipe without a reader; real-time signals, which a JVM cannot take; those that stop,
 * because a stop of this process alone is meant for it; CHLD; and those that report a fault.
 *
 * <p>If the script {@code pd} is PID 1, it remains as this process's parent, and
 * {@link InitSignals} come from it too.
 */
final class SignalForwarder {
  /** The signals that are taken from the JVM. */
  private static final List<Signal> FORWARDED = List.of(
      Signal.HUP,
      Signal.INT,
      Signal.TERM,
      Signal.USR1,
      Signal.USR2,
      Signal.ALRM,
      Signal.VTALRM,
      Signal.PROF,
      Signal.IO,
      Signal.URG,
      Signal.XCPU,
      Signal.XFSZ,
      Signal.WINCH,
      Signal.CONT,
      Signal.of("PWR"),
      Signal.of("STKFLT"));

  /** The signals that end this process before the command exists. */
  private static final Set<Signal> ENDING = Set.of(Signal.HUP, Signal.INT, Signal.TERM);

  /** Other signals that the command ignores if they are ignored when this process starts. */
  private static final List<Signal> INHERITED =
      List.of(Signal.TSTP, Signal.TTIN, Signal.TTOU, Signal.TRAP, Signal.ABRT, Signal.SYS);

  /** The ignored ones of the signals that a JVM handles itself, separated by commas. */
  private static final String IGNORED_AT_LAUNCH = System.getProperty("pd.ignored", "");

  private record Arrival(Signal signal, int number, SignalWitness.Source source, long time) {}

  private final Consumer<String> problems;
  private final StartPhase phase = new StartPhase();
  private final Map<Signal, Integer> taken = new LinkedHashMap<>();
  private final Set<Signal> ignored = new LinkedHashSet<>();

  /** The actions of this process at signals, before those are forwarded; guarded by this. */
  private final Map<Signal, Runnable> actions = new HashMap<>();

  /** The signals that are not forwarded; guarded by this. */
  private final Set<Signal> kept = new HashSet<>();

  private final BlockingQueue<Arrival> arrivals = new LinkedBlockingQueue<>();
  private @Nullable ProcessDescriptor child;
  private boolean interrupted;

  private SignalForwarder(Consumer<String> problems) {
    this.problems = problems;
  }

  /**
   * Starts to handle the signals; they are queued until {@link #start} sets the command.
   *
   * @param problems a consumer of messages about signals that could not be forwarded
   */
  static SignalForwarder install(Consumer<String> problems) {
    SignalForwarder forwarder = new SignalForwarder(problems);
    for (Signal signal : FORWARDED) {
      // The script starts the JVM in the background, where INT is ignored.
      if (!InitSignals.exist() || !signal.equals(Signal.INT)) {
        forwarder.take(signal);
      }
    }
    if (InitSignals.exist()) {
      // A stop of the job must not stop this process, which stops with PID 1 otherwise.
      forwarder.take(Signal.TSTP);
      InitSignals.passTo(
          number -> forwarder.received(Signal.ofNumber(number), number, SignalWitness.Source.INIT));
    }
    INHERITED.stream()
        .filter(signal -> !forwarder.taken.containsKey(signal))
        .forEach(forwarder::inherit);
    for (String name : IGNORED_AT_LAUNCH.split(",", -1)) {
      if (!name.isEmpty()) {
        forwarder.ignored.add(Signal.of(name));
      }
    }
    return forwarder;
  }

  private void inherit(Signal signal) {
    try {
      sun.misc.Signal mine = new sun.misc.Signal(signal.name().substring("SIG".length()));
      // The only way to query the disposition is to set another.
      if (SignalHandler.SIG_IGN.equals(sun.misc.Signal.handle(mine, SignalHandler.SIG_DFL))) {
        sun.misc.Signal.handle(mine, SignalHandler.SIG_IGN);
        ignored.add(signal);
      }
    } catch (IllegalArgumentException e) {
      // The JVM reserves this signal.
      return;
    }
  }

  private void take(Signal signal) {
    sun.misc.Signal mine;
    SignalHandler before;
    try {
      mine = new sun.misc.Signal(signal.name().substring("SIG".length()));
      before = sun.misc.Signal.handle(
          mine, arrived -> received(signal, arrived.getNumber(), SignalWitness.Source.KERNEL));
    } catch (IllegalArgumentException e) {
      // The JVM reserves this signal, or this system does not have it.
      return;
    }
    if (SignalHandler.SIG_IGN.equals(before)) {
      sun.misc.Signal.handle(mine, SignalHandler.SIG_IGN);
      ignored.add(signal);
    } else {
      taken.put(signal, mine.getNumber());
    }
  }

  /** Returns the time until the command exists, which a signal ends. */
  StartPhase phase() {
    return phase;
  }

  /** Runs an action at each arrival of a signal from now on, instead of forwarding it. */
  synchronized void handle(Signal signal, Runnable action) {
    alsoHandle(signal, action);
    kept.add(signal);
  }

  /** Runs an action at each arrival of a signal from now on, and forwards it as well. */
  synchronized void alsoHandle(Signal signal, Runnable action) {
    actions.put(signal, action);
  }

  /** Returns the signals that were ignored when this process started. */
  List<Signal> ignored() {
    return List.copyOf(ignored);
  }

  /** Returns the numbers of the signals that are forwarded. */
  List<Integer> forwarded() {
    Set<Integer> numbers = new LinkedHashSet<>(taken.values());
    numbers.addAll(InitSignals.numbers());
    return List.copyOf(numbers);
  }

  /** Forwards signals to this command from now on; queued ones are forwarded at once. */
  synchronized void start(ProcessDescriptor child, SignalWitness witness) {
    phase.over();
    this.child = child;
    Thread thread = new Thread(() -> forward(child, witness), "signal forwarder");
    thread.setDaemon(true);
    thread.start();
  }

  /** Forwards nothing any more, because the command has ended. */
  synchronized void stop() {
    child = null;
  }

  /**
   * Returns whether this process got an INT, from any sender. False below PID 1, which no signal
   * ends.
   */
  synchronized boolean interrupted() {
    return interrupted;
  }

  /** Restores the default disposition of INT, which ends this process. */
  void releaseInterrupt() {
    sun.misc.Signal.handle(new sun.misc.Signal("INT"), SignalHandler.SIG_DFL);
  }

  private void received(Signal signal, int number, SignalWitness.Source source) {
    Runnable action;
    synchronized (this) {
      if (signal.equals(Signal.INT) && source == SignalWitness.Source.KERNEL) {
        interrupted = true;
      }
      if (!kept.contains(signal)) {
        arrivals.add(new Arrival(signal, number, source, System.nanoTime()));
      }
      action = actions.getOrDefault(signal, () -> {});
    }
    if (ENDING.contains(signal)) {
      phase.end(StartEnded.by(signal));
    }
    action.run();
  }

  private void forward(ProcessDescriptor to, SignalWitness witness) {
    try {
      witness.commandExists();
      while (true) {
        Arrival arrival = arrivals.take();
        Optional<SignalWitness.Report> report =
            witness.match(arrival.number, arrival.source, arrival.time);
        if (report.isEmpty() || !report.get().hasReached(to, arrival.number)) {
          send(to, arrival.signal);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private synchronized void send(ProcessDescriptor to, Signal signal) {
    if (child == null) {
      return;
    }
    try {
      to.signal(signal);
    } catch (ProcessDescriptorException | IllegalStateException e) {
      problems.accept("cannot forward " + signal + " to the command: " + e.getMessage());
    }
  }
}
