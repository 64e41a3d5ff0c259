package dev.procdesc.cli;

import dev.procdesc.ChildProcess;
import dev.procdesc.OnClose;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A process beside the command, in the same process group, session and cgroup, that reports the
 * signals that it gets. A signal that reaches this process and the witness was sent to all of them,
 * and has reached the command too; one that the witness does not get was sent to {@code pd} alone.
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
  /** The time in which a service manager signals all processes of a control group. */
  private static final long GRACE = TimeUnit.MILLISECONDS.toNanos(100);

  /** The time in which a signal that this process gets twice counts as one that was sent once. */
  private static final long WINDOW = TimeUnit.MILLISECONDS.toNanos(250);

  /**
   * The time by which this process may get a signal later than the witness reports it: the JVM
   * starts a thread for each signal, which takes long on a machine under load.
   */
  private static final long LATENESS = TimeUnit.SECONDS.toNanos(10);

  /** The last report of a signal, and whether this process has got that signal too. */
  private record Report(long time, boolean matched) {}

  /** The patience with a witness that does not answer, because it was stopped. */
  private static final Duration PATIENCE = Duration.ofSeconds(1);

  // A trap interrupts read, whose status is then not that of the end of file.
  private static final String SCRIPT =
      "trap '' QUIT; for n; do trap \"t=1; echo $n\" $n; done; echo;"
          + " while t=; read -r x && echo || [ \"$t\" ]; do :; done";

  private final ChildProcess process;
  private final Thread reader = new Thread(this::read, "signal witness");
  private final Map<Integer, Report> reports = new HashMap<>();
  private int answers;
  private boolean ended;

  private SignalWitness(ChildProcess process) {
    this.process = process;
  }

  /**
   * Starts a witness, and waits until it is ready.
   *
   * @param spawner a spawner of {@link #command}, with the session and cgroup of the command
   */
  static SignalWitness start(Spawner spawner) throws IOException, InterruptedException {
    SignalWitness witness = new SignalWitness(spawner
        .stdin(Stdio.pipe())
        .stdout(Stdio.pipe())
        .stderr(Stdio.nullDevice())
        // It ends at the end of its input, also when this process is killed.
        .onClose(OnClose.RELEASE)
        .spawn());
    witness.reader.setDaemon(true);
    witness.reader.start();
    witness.awaitAnswer(0, PATIENCE.multipliedBy(60));
    return witness;
  }

  /** Returns the command line of a witness. */
  static List<String> command(Collection<Integer> signals) {
    List<String> command = new ArrayList<>(List.of("/bin/sh", "-c", SCRIPT, "pd-signals"));
    signals.forEach(number -> command.add(number.toString()));
    return command;
  }

  private void read() {
    try (BufferedReader lines =
        new BufferedReader(new InputStreamReader(process.stdout(), StandardCharsets.US_ASCII))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        reported(line);
      }
    } catch (IOException e) {
      // Closed: the command has ended.
    } finally {
      ended();
    }
  }

  private synchronized void reported(String line) {
    if (line.isEmpty()) {
      answers++;
    } else {
      reports.put(Integer.valueOf(line), new Report(System.nanoTime(), false));
    }
    notifyAll();
  }

  private synchronized void ended() {
    ended = true;
    notifyAll();
  }

  /**
   * Returns whether the witness got a signal too. Waits until that is certain, about a tenth of a
   * second if it did not.
   *
   * @param number the number of the signal
   * @param arrived the time at which this process got it, of {@link System#nanoTime}
   */
  synchronized boolean got(int number, long arrived) throws InterruptedException {
    while (!ended && !isReported(number, arrived)) {
      if (!await(arrived + GRACE)) {
        askAll();
        break;
      }
    }
    boolean reported = isReported(number, arrived);
    reports.computeIfPresent(number, (key, report) -> new Report(report.time, true));
    return reported;
  }

  private boolean isReported(int number, long arrived) {
    Report report = reports.get(number);
    return report != null && report.time - arrived > -(report.matched ? WINDOW : LATENESS);
  }

  /** Waits until the witness has reported everything that it has got. */
  private void askAll() throws InterruptedException {
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
    try (process) {
      process.stdin().close();
      if (process.waitFor(PATIENCE).isEmpty()) {
        process.kill(); // It was stopped.
      }
      reader.join(PATIENCE.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
