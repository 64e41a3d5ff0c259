package dev.procdesc.posix.spawn;

import dev.procdesc.SpawnException;
import dev.procdesc.SpawnException.Step;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.spi.Program;
import dev.procdesc.spi.SpawnRequest;
import java.util.Map;
import java.util.Optional;

/** Explains why a child's script ended before its program. */
public final class ScriptFailure {
  private final SpawnRequest request;
  private final Optional<PathSearch> search;
  private final Map<Integer, String> executeHints;

  /**
   * Creates the explanations for the children of a spawn.
   *
   * @param executeHints the meaning of errors of exec that only this system has
   */
  public ScriptFailure(PreparedSpawn spawn, Map<Integer, String> executeHints) {
    this.request = spawn.request();
    this.search = request.program() instanceof Program.Named named
        ? Optional.of(new PathSearch(named.name(), spawn.environment()))
        : Optional.empty();
    this.executeHints = executeHints;
  }

  /** Returns the exception for a child whose script ended. */
  public SpawnException of(ChildScript script, SpawnStub.Run run) {
    int step = run.failedStep();
    if (step < script.size()) {
      return at(script.purpose(step), run.results().get(step));
    }
    // Every candidate of the search failed with an error after which execvp continues.
    int last = script.size() - 1;
    long outcome = run.results().get(last);
    int first = last;
    while (first > 0 && script.purpose(first - 1).step() == Step.EXECUTE) {
      first--;
    }
    for (int i = first; i <= last; i++) {
      if (run.results().get(i) == -PosixNumbers.EACCES) {
        return at(script.purpose(i), run.results().get(i));
      }
    }
    return Errors.spawn(
        Step.EXECUTE,
        "execve",
        ((Program.Named) request.program()).name(),
        outcome == -PosixNumbers.ENOTDIR ? -PosixNumbers.ENOENT : outcome,
        search.orElseThrow().notFound());
  }

  private SpawnException at(ChildScript.Purpose purpose, long outcome) {
    String hint = explain(purpose.step(), (int) -outcome);
    return Errors.spawn(purpose.step(), purpose.operation(), purpose.subject(), outcome, hint);
  }

  private String explain(Step step, int errno) {
    return switch (step) {
      case EXECUTE -> explainExecute(errno);
      case DESCRIPTORS ->
        errno == PosixNumbers.EBADF ? "the number is beyond the limit on open files" : "";
      case USER -> errno == PosixNumbers.EPERM ? "changing the user requires privilege" : "";
      default -> "";
    };
  }

  private String explainExecute(int errno) {
    return switch (errno) {
      case PosixNumbers.ENOENT -> explainMissing();
      case PosixNumbers.EACCES ->
        "no permission to execute, a directory, or a file system mounted noexec";
      case PosixNumbers.ENOEXEC -> "neither a program for this machine nor a script with a #! line";
      case PosixNumbers.E2BIG ->
        "arguments and environment together, or one string of them, are too long";
      case PosixNumbers.ETXTBSY -> "the file is still open for writing in some process";
      default -> executeHints.getOrDefault(errno, "");
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
