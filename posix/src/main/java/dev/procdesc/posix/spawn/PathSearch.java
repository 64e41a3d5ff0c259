package dev.procdesc.posix.spawn;

import dev.procdesc.posix.ffi.SystemStrings;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;

/** Where a program is looked for: the rules of execvp(3). */
public final class PathSearch {
  private static final byte[] DEFAULT_PATH = SystemStrings.encode("/bin:/usr/bin");

  private final String name;
  private final byte[] path;

  /**
   * The search for a program.
   *
   * @param name a path if it has a slash, else to be searched for
   * @param environment whose PATH tells where
   */
  public PathSearch(String name, List<byte[]> environment) {
    this.name = name;
    this.path = Environment.value(environment, "PATH").orElse(DEFAULT_PATH);
  }

  /** Whether it is looked for at all. */
  public boolean isSearched() {
    return name.indexOf('/') < 0;
  }

  /** The paths to try, one after the other. */
  public List<byte[]> candidates() {
    byte[] program = SystemStrings.encode(name);
    if (!isSearched()) {
      return List.of(program);
    }
    List<byte[]> all = new ArrayList<>();
    ByteArrayOutputStream candidate = new ByteArrayOutputStream();
    for (int i = 0; i <= path.length; i++) {
      if (i < path.length && path[i] != ':') {
        candidate.write(path[i]);
        continue;
      }
      // An empty element is the working directory.
      if (candidate.size() > 0) {
        candidate.write('/');
      }
      candidate.writeBytes(program);
      all.add(candidate.toByteArray());
      candidate.reset();
    }
    return all;
  }

  /** What to tell somebody whose program was not found. */
  public String notFound() {
    return "not found in PATH: " + SystemStrings.decode(path);
  }
}
