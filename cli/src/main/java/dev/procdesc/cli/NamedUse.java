package dev.procdesc.cli;

import java.util.List;
import java.util.Optional;

/**
 * A use of a name by the observed application.
 *
 * @param kind the kind of operation
 * @param operation the operation, as a participle, such as "opened"
 * @param subject the name
 * @param missing whether nothing has this name, and the operation fails in the same way without the
 *     mode
 * @param frames the stack, innermost frame first
 */
record NamedUse(Kind kind, String operation, String subject, boolean missing, List<Frame> frames) {

  /** The kind of an operation, which decides the mode that refuses it. */
  enum Kind {
    /** Opens a file for reading. */
    READ,
    /** Creates, changes or removes a file, or opens it for writing. */
    CHANGE,
    /** Lists a directory. */
    LIST,
    /** Loads a native library. */
    LIBRARY,
    /** Resolves a host name, for which the C library reads files. */
    HOST,
    /** Examines a file without opening it. */
    EXAMINE,
    /** Connects or binds a socket. */
    SOCKET,
    /** Executes a program by its name. */
    PROGRAM,
    /** Names a process by its ID. */
    PROCESS,
    /** Queries a process by its ID, for which the Java runtime reads files. */
    QUERY
  }

  /**
   * A frame of the stack.
   *
   * @param type the class
   * @param method the method
   * @param line the file and the line, if known
   * @param ofJdk whether the class belongs to the Java runtime
   * @param argument the name that is searched for, if the frame searches for a class, a resource or
   *     a service
   */
  record Frame(
      String type, String method, Optional<String> line, boolean ofJdk, Optional<String> argument) {
    /** Returns whether the frame belongs to this library. */
    boolean ofLibrary() {
      return type.startsWith("dev.procdesc.") && !type.startsWith("dev.procdesc.cli.");
    }

    @Override
    public String toString() {
      return type + "." + method + line.map(text -> "(" + text + ")").orElse("");
    }
  }

  /**
   * Returns whether the Java runtime reads the limits of a container, which it does without if that
   * fails.
   */
  boolean isForContainers() {
    return frames.stream().anyMatch(frame -> frame.type().startsWith("jdk.internal.platform."));
  }

  /** Returns the innermost frame of the application, if there is one. */
  Optional<Frame> place() {
    return frames.stream().filter(frame -> !frame.ofJdk() && !frame.ofLibrary()).findFirst();
  }

  /** Returns the method of the Java runtime that the application called, if there is one. */
  Optional<Frame> calledMethod() {
    Optional<Frame> called = Optional.empty();
    for (Frame frame : frames) {
      if (!frame.ofJdk()) {
        return called;
      }
      called = Optional.of(frame);
    }
    return called;
  }

  /** Returns the innermost search for a class, a resource or a service. */
  Optional<Frame> search() {
    return frames.stream().filter(frame -> frame.argument().isPresent()).findFirst();
  }
}
