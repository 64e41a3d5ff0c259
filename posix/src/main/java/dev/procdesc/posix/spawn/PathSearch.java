package dev.procdesc.posix.spawn;

import dev.procdesc.SpawnException;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.ffi.SystemNumbers;
import dev.procdesc.posix.ffi.SystemStrings;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The search for a program by the rules of execvp(3). The script of a child tries the candidates
 * one after the other. It cannot continue after every error, so that a search may take several
 * attempts to spawn; it continues where the previous attempt ended.
 */
public final class PathSearch {
  /** The errors of exec after which a script tries the next candidate; others end it. */
  private static final class Tolerated {
    static final long SET = set();

    private Tolerated() {}

    private static long set() {
      long set = 0;
      for (int errno = 1; errno <= ChildScript.LARGEST_TOLERATED; errno++) {
        set |= isPassedOver(errno) ? ChildScript.tolerate(errno) : 0;
      }
      return set;
    }
  }

  private static final byte[] DEFAULT_PATH = SystemStrings.encode("/bin:/usr/bin");

  private final String name;
  private final List<byte[]> environment;

  /** The number of candidates that failed in earlier attempts. */
  private int passed;

  private boolean resumed;
  private Optional<SpawnException> denied = Optional.empty();
  private Optional<byte[]> script = Optional.empty();

  /**
   * Creates the search for a program.
   *
   * @param name a path if it contains a slash; otherwise a name to search for
   * @param environment the environment whose PATH is searched
   */
  public PathSearch(String name, List<byte[]> environment) {
    this.name = name;
    this.environment = environment;
  }

  private byte[] path() {
    return Environment.value(environment, "PATH").orElse(DEFAULT_PATH);
  }

  /** Returns whether the name is searched for at all. */
  public boolean isSearched() {
    return name.indexOf('/') < 0;
  }

  /** Returns the set of the errors after which a script tries the next candidate. */
  long tolerated() {
    return isSearched() ? Tolerated.SET : 0;
  }

  /**
   * Returns whether a search continues after an error of exec: the candidate is missing, may not be
   * executed, or is on a file system that does not answer. execvp of both systems, and the JDK,
   * agree on these except for ELOOP and ENAMETOOLONG, after which glibc stops.
   */
  static boolean isPassedOver(int errno) {
    PosixNumbers numbers = SystemNumbers.posix();
    return errno == PosixNumbers.ENOENT
        || errno == PosixNumbers.EACCES
        || errno == PosixNumbers.ENOTDIR
        || errno == PosixNumbers.ENODEV
        || errno == numbers.eloop()
        || errno == numbers.enametoolong()
        || errno == numbers.estale()
        || errno == numbers.etimedout();
  }

  /** Continues behind a candidate of the current attempt. */
  void resumeBehind(int candidate) {
    passed += candidate + 1;
    resumed = true;
  }

  /** Returns whether the last attempt ended with candidates left to try. */
  boolean takeResumed() {
    boolean again = resumed;
    resumed = false;
    return again;
  }

  /** Records that a candidate may not be executed; the first one explains a failed search. */
  void deny(SpawnException failure) {
    if (denied.isEmpty()) {
      denied = Optional.of(failure);
    }
  }

  /** Returns the failure of the first candidate that may not be executed. */
  Optional<SpawnException> denied() {
    return denied;
  }

  /**
   * Records the error that ended the search. After ENOEXEC the candidate is neither a program of
   * this machine nor a script with an interpreter line.
   */
  void failedWith(int errno, byte[] candidate) {
    if (errno == PosixNumbers.ENOEXEC) {
      script = Optional.of(candidate);
    }
  }

  /** Returns the candidate that ended the search with ENOEXEC. */
  Optional<byte[]> script() {
    return script;
  }

  /** Returns the paths that are left to try, in this order. */
  public List<byte[]> candidates() {
    byte[] program = SystemStrings.encode(name);
    if (!isSearched()) {
      return List.of(program);
    }
    byte[] path = path();
    List<byte[]> all = new ArrayList<>();
    ByteArrayOutputStream candidate = new ByteArrayOutputStream();
    for (int i = 0; i <= path.length; i++) {
      if (i < path.length && path[i] != ':') {
        candidate.write(path[i]);
        continue;
      }
      // An empty element denotes the working directory.
      if (candidate.size() > 0) {
        candidate.write('/');
      }
      candidate.writeBytes(program);
      all.add(candidate.toByteArray());
      candidate.reset();
    }
    return all.subList(passed, all.size());
  }

  /** Returns the explanation for a program that was not found. */
  public String notFound() {
    return "not found in PATH: " + SystemStrings.decode(path());
  }
}
