package dev.procdesc.posix.process;

import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.Signal;
import dev.procdesc.Teardown;
import dev.procdesc.posix.io.Deadline;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * The teardown of one or more processes at the same time: each step signals all processes that are
 * left before it waits for the first, and all waits of a step have the same deadline.
 *
 * <p>A process for which a call fails is left alone from then on, and the others are still ended.
 */
final class TeardownRun {
  private final boolean group;
  private final List<Exception> failures = new ArrayList<>();

  private TeardownRun(boolean group) {
    this.group = group;
  }

  /** A use of one process. */
  private interface Use {
    /** Returns whether the process is left. */
    boolean of(ProcessReference process) throws ProcessDescriptorException, InterruptedException;
  }

  /**
   * Ends processes.
   *
   * @return the first failure of each process that had one
   * @throws InterruptedException if the thread is interrupted; processes may still run then
   */
  static List<Exception> run(Teardown teardown, Collection<ProcessReference> processes)
      throws InterruptedException {
    TeardownRun run = new TeardownRun(teardown.group());
    List<ProcessReference> left = List.copyOf(processes);
    for (Teardown.Step step : teardown.steps()) {
      if (left.isEmpty()) {
        break;
      }
      left = run.filter(left, process -> run.send(process, step));
      Deadline deadline = Deadline.in(step.patience());
      left = run.filter(left, process -> run.outlasts(process, deadline));
    }
    left = run.filter(left, run::kill);
    run.filter(left, process -> process.waitFor(Long.MAX_VALUE).isEmpty());
    return run.failures;
  }

  private List<ProcessReference> filter(List<ProcessReference> processes, Use use)
      throws InterruptedException {
    List<ProcessReference> left = new ArrayList<>();
    for (ProcessReference process : processes) {
      try {
        if (use.of(process)) {
          left.add(process);
        }
      } catch (ProcessDescriptorException | RuntimeException e) {
        failures.add(e);
      }
    }
    return left;
  }

  private boolean send(ProcessReference process, Teardown.Step step)
      throws ProcessDescriptorException {
    sendOne(process, step.signal());
    if (step.isContinued()) {
      sendOne(process, Signal.CONT);
    }
    return true;
  }

  private void sendOne(ProcessReference process, Signal signal) throws ProcessDescriptorException {
    if (group) {
      process.signalGroup(signal);
    } else {
      process.signal(signal);
    }
  }

  private boolean outlasts(ProcessReference process, Deadline deadline)
      throws InterruptedException {
    return group
        ? !process.groupEnds(deadline)
        : process.waitFor(Math.max(0, deadline.left())).isEmpty();
  }

  private boolean kill(ProcessReference process) throws ProcessDescriptorException {
    if (group) {
      process.signalGroup(Signal.KILL);
    }
    process.signal(Signal.KILL);
    return true;
  }

  /** Throws the first of several failures, with the others as suppressed ones. */
  static void check(List<Exception> failures) throws ProcessDescriptorException {
    if (failures.isEmpty()) {
      return;
    }
    Exception first = failures.get(0);
    failures.subList(1, failures.size()).forEach(first::addSuppressed);
    if (first instanceof ProcessDescriptorException failed) {
      throw failed;
    }
    throw (RuntimeException) first;
  }
}
