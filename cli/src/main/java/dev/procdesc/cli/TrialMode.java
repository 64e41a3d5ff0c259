package dev.procdesc.cli;

import java.util.List;

/**
 * The mode that an application tried, which always refuses process IDs.
 *
 * @param programs whether it refuses the names of programs
 * @param files whether it refuses to open and change files by name
 * @param everyName whether it also refuses to examine files and to connect sockets, as capability
 *     mode does
 * @param javaHome the directory of the Java runtime that runs the application
 */
record TrialMode(boolean programs, boolean files, boolean everyName, String javaHome) {
  /** Reads the words of the library. */
  static TrialMode of(String words, String javaHome) {
    List<String> all = List.of(words.split(" ", -1));
    return new TrialMode(
        all.contains("PROGRAMS"), all.contains("FILES"), all.contains("EVERY_NAME"), javaHome);
  }

  /** Returns whether the mode refuses a use. */
  boolean refuses(NamedUse use) {
    if (use.missing() || use.isForContainers()) {
      return false;
    }
    return switch (use.kind()) {
      case READ, CHANGE, LIST, LIBRARY, HOST, QUERY -> files;
      case EXAMINE, SOCKET -> everyName;
      case PROGRAM -> programs;
      case PROCESS -> true;
    };
  }

  /** Returns the kinds of names that the mode refuses. */
  @Override
  public String toString() {
    if (everyName) {
      return "every name";
    }
    return "process IDs" + (programs ? ", programs" : "") + (files ? ", files" : "");
  }
}
