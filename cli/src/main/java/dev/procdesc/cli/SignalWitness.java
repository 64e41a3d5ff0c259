package dev.procdesc.cli;

import dev.procdesc.ChildProcess;
import dev.procdesc.OnClose;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.Signal;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A process beside the command, in the same process group, session and cgroup, that reports the
 * signals that it gets. A signal that reaches this process and the witness was sent to all of them,
 * and has reached the command too; one that the witness does not get was sent to {@code pd} alone.
 * Each report is that of one arrival at this process, so two signals in a row are told apart.
 *
 * <p>Rejected: {@code si_code} and {@code si_pid}, which a JVM does not get, do not distinguish
 * {@code kill PID} from {@code kill %1}, nor a service manager that signals the main process from
 * one that signals the control group. A process group for the command, to which the terminal is
 * handed over, takes the terminal from the other programs of a pipeline ({@code pd run make |
 * less}), needs the parent to follow every stop of the command, and does not help against a service
 * manager.
 *
 * <p>The kernel signals a process group from its newest member to its oldest, therefore the witness
 * before {@code pd}. A service manager signals the processes of a control group one after the
 * other, oldest first, so the witness is given a grace. An empty line is a request that the witness
 * answers when it has reported all signals that it has got; it makes a slow witness a certain one.
 */
final class SignalWitness implements AutoCloseable {
  /** The ways in which a signal reaches this process; one signal may take both. */
  enum Source {
    /** The signal was sent to this process, or to all of its group. */
    KERNEL,
    /** PID 1 got the signal, and passed it on. */
    INIT
  }

  /** The time in which a service manager signals all processes of a control group. */
  private static final long GRACE = TimeUnit.MILLISECONDS.toNanos(100);

  /**
   * The time in which the signals of one hang-up arrive: the kernel sends HUP and CONT to the
   * leader of the session, and again to the foreground process group, which the leader may be in.
   */
  private static final long HANGUP = TimeUnit.MILLISECONDS.toNanos(250);

  /**
   * The time by which this process may get a signal later than the witness reports it: the JVM
   * starts a thread for each signal, which takes long on a machine under load. A report without a
   * signal to this process, as after {@code pkill -P}, expires then.
   */
  private static final long LATENESS = TimeUnit.SECONDS.toNanos(2);

  /** The patience with a witness that does not answer, because it was stopped. */
  private static final Duration PATIENCE = Duration.ofSeconds(1);

  /** The number of attempts to start a witness that a signal ends before it is ready. */
  private static final int ATTEMPTS = 3;

  // A trap interrupts read, whose status is then not that of the end of file.
  private static final String SCRIPT =
      "trap '' QUIT; for n; do trap \"t=1; echo $n\" $n; done; echo;"
          + " while t=; read -r x && echo || [ \"$t\" ]; do :; done";

  private final ChildProcess process;
  private final Thread reader = new Thread(this::read, "signal witness");

  // The following fields are guarded by this.

  private final Map<Integer, Tally> kernelTallies = new HashMap<>();
  private final Map<Integer, Tally> initTallies = new HashMap<>();
  private boolean commandIsKnown;
  private int answers;
  private boolean ended;

  /**
   * A report of a signal.
   *
   * @param time the time at which it was read, of {@link System#nanoTime}
   * @param children the children of this process at that time; empty if the command was known
   */
  record Report(long time, Optional<Set<Long>> children) {
    /** Returns whether the signal reached a command, according to this report. */
    boolean hasReached(ProcessDescriptor command, int number) {
      return children.isEmpty()
          || (children.get().contains(command.pid()) && catches(command.pid(), number));
    }

    /** Returns whether a process has a handler of a signal; true if that is not known. */
    private static boolean catches(long pid, int number) {
      try (Stream<String> lines = Files.lines(Path.of("/proc/" + pid + "/status"))) {
        return lines
            .filter(line -> line.startsWith("SigCgt:"))
            .map(line ->
                Long.parseUnsignedLong(line.substring("SigCgt:".length()).strip(), 16))
            .allMatch(mask -> (mask >>> (number - 1) & 1) != 0);
      } catch (IOException e) {
        return true;
      }
    }
  }

  /** The reports of one signal, for one way that it takes to this process. */
  private static final class Tally {
    final Deque<Report> unmatched = new ArrayDeque<>();
    Optional<Report> last = Optional.empty();
  }

  private SignalWitness(ChildProcess process) {
    this.process = process;
  }

  /**
   * Starts a witness, and waits until it is ready.
   *
   * @param spawner a spawner of {@link #command}, with the session and cgroup of the command
   */
  static SignalWitness start(Spawner spawner) throws IOException, InterruptedException {
    SignalWitness witness = attempt(spawner);
    for (int attempt = 1; attempt < ATTEMPTS && witness.hasEnded(); attempt++) {
      witness.close();
      witness = attempt(spawner);
    }
    return witness;
  }

  private static SignalWitness attempt(Spawner spawner) throws IOException, InterruptedException {
    SignalWitness witness = new SignalWitness(spawner
        .stdin(Stdio.pipe())
        .stdout(Stdio.pipe())
        .stderr(Stdio.nullDevice())
        // It ends at the end of its input, also when this process is killed.
        .onClose(OnClose.RELEASE)
        .spawn());
    witness.reader.setDaemon(true);
    witness.reader.start();
    try {
      witness.awaitAnswer(0, PATIENCE.multipliedBy(60));
    } catch (InterruptedException e) {
      witness.close();
      throw e;
    }
    return witness;
  }

  /** Returns the command line of a witness. */
  static List<String> command(Collection<Integer> signals) {
    List<String> command = new ArrayList<>(List.of("/bin/sh", "-c", SCRIPT, "pd-signals"));
    signals.forEach(number -> command.add(number.toString()));
    return command;
  }

  /** Returns whether this process leads a session; true if that is not known. */
  private static boolean leadsSession() {
    try {
      String stat = Files.readString(Path.of("/proc/self/stat"));
      // PID (NAME) STATE PPID PGRP SESSION
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
      return fields[3].equals(stat.substring(0, stat.indexOf(' ')));
    } catch (IOException e) {
      return true;
    }
  }

  private void read() {
    try (BufferedReader lines =
        new BufferedReader(new InputStreamReader(process.stdout(), StandardCharsets.US_ASCII))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.isEmpty()) {
          answered();
        } else {
          reported(Integer.parseInt(line));
        }
      }
    } catch (IOException e) {
      // Closed: the command has ended.
    } finally {
      ended();
    }
  }

  private synchronized void answered() {
    answers++;
    notifyAll();
  }

  private synchronized void reported(int number) {
    Report report =
        new Report(System.nanoTime(), commandIsKnown ? Optional.empty() : Optional.of(children()));
    for (Source source : Source.values()) {
      tally(number, source).unmatched.add(report);
    }
    notifyAll();
  }

  private static Set<Long> children() {
    try (Stream<ProcessHandle> children = ProcessHandle.current().children()) {
      return children.map(ProcessHandle::pid).collect(Collectors.toSet());
    }
  }

  private synchronized void ended() {
    ended = true;
    notifyAll();
  }

  private synchronized boolean hasEnded() {
    return ended;
  }

  /**
   * Lets the witness be one of a command that exists: what it reports from now on has reached the
   * command.
   */
  void commandExists() throws InterruptedException {
    askAll();
    synchronized (this) {
      commandIsKnown = true;
    }
  }

  /**
   * Returns the report of a signal that this process got, empty if it was sent to this process
   * alone. Waits until that is certain, about a tenth of a second if it was.
   *
   * @param number the number of the signal
   * @param source the way that it took
   * @param arrived the time at which this process got it, of {@link System#nanoTime}
   */
  synchronized Optional<Report> match(int number, Source source, long arrived)
      throws InterruptedException {
    boolean asked = false;
    while (true) {
      Optional<Report> report = take(number, source, arrived);
      if (report.isPresent() || ended || asked) {
        return report;
      }
      if (!await(arrived + GRACE)) {
        askAll();
        asked = true;
      }
    }
  }

  private Tally tally(int number, Source source) {
    Map<Integer, Tally> tallies = source == Source.KERNEL ? kernelTallies : initTallies;
    return tallies.computeIfAbsent(number, key -> new Tally());
  }

  private Optional<Report> take(int number, Source source, long arrived) {
    Tally tally = tally(number, source);
    while (!tally.unmatched.isEmpty() && arrived - tally.unmatched.element().time > LATENESS) {
      tally.unmatched.remove();
    }
    if (!tally.unmatched.isEmpty()) {
      tally.last = Optional.of(tally.unmatched.remove());
      return tally.last;
    }
    boolean again = tally.last.isPresent()
        && arrived - tally.last.get().time < HANGUP
        && isOfHangup(number, source);
    return again ? tally.last : Optional.empty();
  }

  private static boolean isOfHangup(int number, Source source) {
    return (number == Signal.HUP.number() || number == Signal.CONT.number())
        && (source == Source.INIT || leadsSession());
  }

  /** Waits until the witness has reported everything that it has got. */
  private synchronized void askAll() throws InterruptedException {
    int before = answers;
    try {
      process.stdin().write('\n');
    } catch (IOException e) {
      // The witness has ended, and reports nothing more.
      return;
    }
    awaitAnswer(before, PATIENCE);
  }

  private synchronized void awaitAnswer(int before, Duration patience) throws InterruptedException {
    long deadline = System.nanoTime() + patience.toNanos();
    while (!ended && answers == before && await(deadline)) {
      // Checks again.
    }
  }

  /** Waits for a report or the deadline; returns false if the deadline has passed. */
  private synchronized boolean await(long deadline) throws InterruptedException {
    long left = deadline - System.nanoTime();
    if (left > 0) {
      TimeUnit.NANOSECONDS.timedWait(this, left);
    }
    return deadline - System.nanoTime() > 0;
  }

  /**
   * Ends the witness and its reader. At its exit the JVM waits 300 ms for threads in native code,
   * such as this reader, or the library's watcher of a process that still runs.
   */
  @Override
  public void close() throws IOException {
    // A thread that was interrupted waits too.
    boolean interrupted = Thread.interrupted();
    try (process) {
      process.stdin().close();
      if (process.waitFor(PATIENCE).isEmpty()) {
        process.kill(); // It was stopped.
      }
      reader.join(PATIENCE.toMillis());
    } catch (InterruptedException e) {
      interrupted = true;
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
