package dev.procdesc;

import java.nio.file.Path;
import java.util.Objects;

/**
 * What stands at a descriptor number of the child. Files are opened by the parent, close-on-exec,
 * at every spawn; the child gets exactly what was asked for and nothing else.
 */
public sealed interface Stdio {
  /**
   * The parent's own descriptor of the same number.
   *
   * @return for standard input, output and error
   */
  static Stdio inherit() {
    return Inherit.INSTANCE;
  }

  /**
   * A pipe. For standard input the child reads and {@link ChildProcess#stdin()} writes; for the
   * others the child writes and {@link ChildProcess#stdout()}, {@link ChildProcess#stderr()} read.
   * At an extra descriptor use {@link #pipeToChild()} or {@link #pipeFromChild()}.
   *
   * @return for standard input, output and error
   */
  static Stdio pipe() {
    return Pipe.AUTOMATIC;
  }

  /**
   * A pipe that the child reads and {@link ChildProcess#pipeTo(int)} writes.
   *
   * @return for any descriptor number
   */
  static Stdio pipeToChild() {
    return Pipe.TO_CHILD;
  }

  /**
   * A pipe that the child writes and {@link ChildProcess#pipeFrom(int)} reads.
   *
   * @return for any descriptor number
   */
  static Stdio pipeFromChild() {
    return Pipe.FROM_CHILD;
  }

  /**
   * The null device: reads are at the end, writes go nowhere.
   *
   * @return for any descriptor number
   */
  static Stdio nullDevice() {
    return Null.INSTANCE;
  }

  /**
   * A file to read.
   *
   * @param file an existing file; a relative path is relative to the parent's directory
   * @return for any descriptor number
   */
  static Stdio fromFile(Path file) {
    return new File(file, File.Access.READ, File.DEFAULT_MODE);
  }

  /**
   * A file to write, made if absent (mode 0666 less the parent's umask) and emptied if not.
   *
   * @param file a relative path is relative to the parent's directory
   * @return for any descriptor number
   */
  static Stdio toFile(Path file) {
    return new File(file, File.Access.WRITE, File.DEFAULT_MODE);
  }

  /**
   * A file to append to, made if absent (mode 0666 less the parent's umask). Every write goes to
   * the end, also when several processes write.
   *
   * @param file a relative path is relative to the parent's directory
   * @return for any descriptor number
   */
  static Stdio appendTo(Path file) {
    return new File(file, File.Access.APPEND, File.DEFAULT_MODE);
  }

  /**
   * A file with all the choices.
   *
   * @param file a relative path is relative to the parent's directory
   * @param access how it is opened
   * @param mode permission bits if it is made, less the parent's umask: 0 to 07777
   * @return for any descriptor number
   */
  static Stdio file(Path file, File.Access access, int mode) {
    return new File(file, access, mode);
  }

  /**
   * An open descriptor of this JVM. It is duplicated while {@code spawn()} runs and stays the
   * caller's.
   *
   * @param fd its number
   * @return for any descriptor number
   * @throws IllegalArgumentException if the number is negative
   */
  static Stdio descriptor(int fd) {
    return new Descriptor(fd);
  }

  /**
   * Whatever stands at standard output: {@code 2>&1}.
   *
   * @return for standard error only
   */
  static Stdio stdout() {
    return Stdout.INSTANCE;
  }

  /** The parent's own. */
  enum Inherit implements Stdio {
    /** The only one. */
    INSTANCE
  }

  /** A pipe between parent and child. */
  enum Pipe implements Stdio {
    /** The child reads at number 0 and writes at 1 and 2. */
    AUTOMATIC,
    /** The child reads. */
    TO_CHILD,
    /** The child writes. */
    FROM_CHILD
  }

  /** The null device. */
  enum Null implements Stdio {
    /** The only one. */
    INSTANCE
  }

  /** The same as standard output. */
  enum Stdout implements Stdio {
    /** The only one. */
    INSTANCE
  }

  /**
   * A file that the parent opens.
   *
   * @param path where
   * @param access how
   * @param mode permission bits if it is made
   */
  record File(Path path, Access access, int mode) implements Stdio {
    /** Read and write for everybody, less the umask. */
    public static final int DEFAULT_MODE = 0666;

    /** How a file is opened. */
    public enum Access {
      /** For reading; it must exist. */
      READ,
      /** For writing, made if absent, emptied if not. */
      WRITE,
      /** For writing at the end, made if absent. */
      APPEND,
      /** For writing; it must not exist. */
      CREATE_NEW,
      /** For reading and writing, made if absent, kept as it is. */
      READ_WRITE
    }

    /**
     * Checks the path and mode.
     *
     * @param path where
     * @param access how
     * @param mode permission bits if it is made
     * @throws IllegalArgumentException if the mode is out of range
     */
    public File {
      Objects.requireNonNull(path, "path");
      Objects.requireNonNull(access, "access");
      if (mode < 0 || mode > 07777) {
        throw new IllegalArgumentException(
            "permission bits are 0 to 07777, not 0" + Integer.toOctalString(mode));
      }
    }
  }

  /**
   * An open descriptor of this JVM.
   *
   * @param fd its number
   */
  record Descriptor(int fd) implements Stdio {
    /**
     * Checks the number.
     *
     * @param fd its number
     * @throws IllegalArgumentException if it is negative
     */
    public Descriptor {
      if (fd < 0) {
        throw new IllegalArgumentException("a descriptor's number is not negative: " + fd);
      }
    }
  }
}
