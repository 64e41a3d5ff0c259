package dev.procdesc.posix.spawn;

import dev.procdesc.ExitStatus;
import dev.procdesc.Signal;
import dev.procdesc.SpawnException;
import dev.procdesc.SpawnException.Step;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.spawn.ChildScript.Purpose;
import dev.procdesc.spi.Program;
import dev.procdesc.spi.SpawnRequest;
import java.util.Map;
import java.util.Optional;

/** Explains why a child's script ended before its program. */
public final class ScriptFailure {
  private final SpawnRequest request;
  private final Optional<PathSearch> search;
  private final Hints hints;

  /**
   * The meaning of error numbers that only this system has.
   *
   * @param cgroup the errors of the call that enters the control group
   * @param execute the errors of exec
   * @param groups the errors of setgroups
   * @param user the errors of the calls that set the user and the group
   */
  public record Hints(
      Map<Integer, String> cgroup,
      Map<Integer, String> execute,
      Map<Integer, String> groups,
      Map<Integer, String> user) {}

  /**
   * Creates the explanations for the children of a spawn.
   *
   * @param hints the explanations that only this system has
   */
  public ScriptFailure(PreparedSpawn spawn, Hints hints) {
    this.request = spawn.request();
    this.search = spawn.search();
    this.hints = hints;
  }

  /**
   * Returns the exception for a child that ended before its program although no step failed. It
   * names the step whose call had not returned.
   *
   * @param creation the name of the call that created the child
   */
  public static SpawnException ofEarlyEnd(
      ChildScript script, SpawnStub.Run run, String creation, ExitStatus status) {
    Purpose purpose = run.returned() == 0
        ? new Purpose(Step.CREATE, creation, "")
        : script.purpose(Math.min(run.returned(), script.size() - 1));
    return earlyEnd(purpose, status, "");
  }

  /**
   * Returns the exception for a child that ended before its program although no step failed.
   *
   * @param purpose the purpose of the call that had not returned
   * @param hint follows the description of the end; may be empty
   */
  public static SpawnException earlyEnd(Purpose purpose, ExitStatus status, String hint) {
    String end = "the child ended before it executed its program: " + describe(status);
    return new SpawnException(
        purpose.step(),
        purpose.operation(),
        purpose.subject(),
        PosixNumbers.ESRCH,
        hint.isEmpty() ? end : end + "; " + hint,
        status);
  }

  private static String describe(ExitStatus status) {
    if (status instanceof ExitStatus.Signaled signaled) {
      Signal signal = signaled.signal();
      String sender = signal.equals(Signal.KILL)
          ? ", sent by another process or by the kernel for lack of memory"
          : signal.equals(Signal.SYS) ? ", because a filter forbids the call" : "";
      return "signal " + signal + sender;
    }
    return status instanceof ExitStatus.Exited exited
        ? "exit code " + exited.code()
        : "its status is unknown";
  }

  /** Returns the exception for a child whose script ended. */
  public SpawnException of(ChildScript script, SpawnStub.Run run) {
    int step = run.failedStep();
    if (search.isPresent()) {
      int first = script.firstExecution();
      if (step >= first) {
        return ofSearch(search.get(), script, run, first);
      }
    }
    return at(script.purpose(step), run.results().get(step));
  }

  /** Returns the exception for the candidates of a search, unless the search continues. */
  private SpawnException ofSearch(
      PathSearch search, ChildScript script, SpawnStub.Run run, int first) {
    int last = Math.min(run.failedStep(), script.size() - 1);
    search.failedWith((int) -run.results().get(last), search.candidates().get(last - first));
    if (!search.isSearched()) {
      return at(script.purpose(last), run.results().get(last));
    }
    for (int i = first; i <= last; i++) {
      long outcome = run.results().get(i);
      if (outcome == -PosixNumbers.EACCES) {
        search.deny(at(script.purpose(i), outcome));
      }
    }
    long outcome = run.results().get(last);
    if (!PathSearch.isPassedOver((int) -outcome)) {
      return at(script.purpose(last), outcome);
    }
    if (last < script.size() - 1) {
      if (request.controllingTerminal().isPresent()) {
        // The exit of the child, a session leader, has hung up the terminal.
        return at(script.purpose(last), outcome);
      }
      search.resumeBehind(last - first);
    }
    return search
        .denied()
        .orElseGet(() -> Errors.spawn(
            Step.EXECUTE,
            "execve",
            ((Program.Named) request.program()).name(),
            outcome == -PosixNumbers.ENOTDIR ? -PosixNumbers.ENOENT : outcome,
            search.notFound()));
  }

  private SpawnException at(Purpose purpose, long outcome) {
    String hint = explain(purpose, (int) -outcome);
    return Errors.spawn(purpose.step(), purpose.operation(), purpose.subject(), outcome, hint);
  }

  private String explain(Purpose purpose, int errno) {
    return switch (purpose.step()) {
      case CGROUP -> hints.cgroup().getOrDefault(errno, "");
      case EXECUTE -> explainExecute(errno);
      case DESCRIPTORS ->
        errno == PosixNumbers.EBADF ? "the number is beyond the limit on open files" : "";
      case USER -> explainUser(purpose, errno);
      default -> "";
    };
  }

  private String explainUser(Purpose purpose, int errno) {
    if (purpose.operation().equals(ChildSetup.SETGROUPS)) {
      return hints.groups().getOrDefault(errno, "");
    }
    return errno == PosixNumbers.EPERM
        ? "changing the user requires privilege"
        : hints.user().getOrDefault(errno, "");
  }

  private String explainExecute(int errno) {
    return switch (errno) {
      case PosixNumbers.ENOENT -> explainMissing();
      case PosixNumbers.EACCES ->
        "no permission to execute, a directory, or a file system mounted noexec";
      case PosixNumbers.ENOEXEC ->
        "neither a program for this machine nor a script with a #! line; run a script by /bin/sh";
      case PosixNumbers.E2BIG ->
        "arguments and environment together, or one string of them, are too long";
      case PosixNumbers.ETXTBSY -> "the file is still open for writing in some process";
      default -> hints.execute().getOrDefault(errno, "");
    };
  }

  private String explainMissing() {
    if (search.isEmpty()) {
      return "a script cannot be run from a close-on-exec descriptor; give its path";
    }
    return search.get().isSearched()
        ? search.get().notFound()
        : "there is no such file, or the interpreter that it names is missing";
  }
}
