package dev.procdesc.posix.spawn;

import dev.procdesc.posix.ffi.SystemStrings;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;

/** Searches for a program by the rules of execvp(3). */
public final class PathSearch {
  private static final byte[] DEFAULT_PATH = SystemStrings.encode("/bin:/usr/bin");

  private final String name;
  private final List<byte[]> environment;

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

  /** Returns the paths to try, in this order. */
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
    return all;
  }

  /** Returns the explanation for a program that was not found. */
  public String notFound() {
    return "not found in PATH: " + SystemStrings.decode(path());
  }
}
