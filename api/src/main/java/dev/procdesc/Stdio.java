package dev.procdesc;

import java.nio.file.Path;
import java.util.Objects;

/**
 * A source or destination for a descriptor number of the child. The parent opens files,
 * close-on-exec, at every spawn; the child gets exactly the requested descriptors.
 */
public sealed interface Stdio {
  /**
   * Returns the parent's own descriptor of the same number.
   *
   * @return valid for standard input, output and error
   */
  static Stdio inherit() {
    return Inherit.INSTANCE;
  }

  /**
   * Returns a pipe. At standard input the child reads and {@link ChildProcess#stdin()} writes; at
   * standard output and error the child writes, and {@link ChildProcess#stdout()} and
   * {@link ChildProcess#stderr()} read. At an extra descriptor use {@link #pipeToChild()} or
   * {@link #pipeFromChild()}.
   *
   * @return valid for standard input, output and error
   */
  static Stdio pipe() {
    return Pipe.AUTOMATIC;
  }

  /**
   * Returns a pipe that the child reads and {@link ChildProcess#pipeTo(int)} writes.
   *
   * @return valid for any descriptor number
   */
  static Stdio pipeToChild() {
    return Pipe.TO_CHILD;
  }

  /**
   * Returns a pipe that the child writes and {@link ChildProcess#pipeFrom(int)} reads.
   *
   * @return valid for any descriptor number
   */
  static Stdio pipeFromChild() {
    return Pipe.FROM_CHILD;
  }

  /**
   * Returns the null device: reads return end of file, writes are discarded.
   *
   * @return valid for any descriptor number
   */
  static Stdio nullDevice() {
    return Null.INSTANCE;
  }

  /**
   * Returns a file to read.
   *
   * @param file an existing file; a relative path is relative to the parent's directory
   * @return valid for any descriptor number
   */
  static Stdio fromFile(Path file) {
    return new File(file, File.Access.READ, File.DEFAULT_MODE);
  }

  /**
   * Returns a file to write, created if absent (mode 0666 less the parent's umask) and truncated
   * otherwise.
   *
   * @param file the file; a relative path is relative to the parent's directory
   * @return valid for any descriptor number
   */
  static Stdio toFile(Path file) {
    return new File(file, File.Access.WRITE, File.DEFAULT_MODE);
  }

  /**
   * Returns a file to append to, created if absent (mode 0666 less the parent's umask). Every write
   * goes to the end, also if several processes write.
   *
   * @param file the file; a relative path is relative to the parent's directory
   * @return valid for any descriptor number
   */
  static Stdio appendTo(Path file) {
    return new File(file, File.Access.APPEND, File.DEFAULT_MODE);
  }

  /**
   * Returns a file with a given access and mode.
   *
   * @param file the file; a relative path is relative to the parent's directory
   * @param access the access
   * @param mode permission bits if the file is created, less the parent's umask: 0 to 07777
   * @return valid for any descriptor number
   * @throws IllegalArgumentException if the mode is out of range
   */
  static Stdio file(Path file, File.Access access, int mode) {
    return new File(file, access, mode);
  }

  /**
   * Returns an open descriptor of this JVM. It is duplicated while {@code spawn()} runs; the caller
   * retains ownership.
   *
   * @param fd the descriptor number
   * @return valid for any descriptor number
   * @throws IllegalArgumentException if the number is negative
   */
  static Stdio descriptor(int fd) {
    return new Descriptor(fd);
  }

  /**
   * Returns the destination of standard output: {@code 2>&1}.
   *
   * @return valid for standard error only
   */
  static Stdio stdout() {
    return Stdout.INSTANCE;
  }

  /** The parent's own descriptor. */
  enum Inherit implements Stdio {
    /** The only instance. */
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
    /** The only instance. */
    INSTANCE
  }

  /** The destination of standard output. */
  enum Stdout implements Stdio {
    /** The only instance. */
    INSTANCE
  }

  /**
   * A file that the parent opens.
   *
   * @param path the path
   * @param access the access
   * @param mode permission bits if the file is created
   */
  record File(Path path, Access access, int mode) implements Stdio {
    /** Permission for all users to read and write, less the umask. */
    public static final int DEFAULT_MODE = 0666;

    /** The access with which a file is opened. */
    public enum Access {
      /** Reading; the file must exist. */
      READ,
      /** Writing; the file is created if absent and truncated otherwise. */
      WRITE,
      /** Writing at the end; the file is created if absent. */
      APPEND,
      /** Writing; the file must not exist. */
      CREATE_NEW,
      /** Reading and writing; the file is created if absent and otherwise left unchanged. */
      READ_WRITE
    }

    /**
     * Checks the path and mode.
     *
     * @param path see {@link #path()}
     * @param access see {@link #access()}
     * @param mode see {@link #mode()}
     * @throws IllegalArgumentException if the mode is out of range
     */
    public File {
      Objects.requireNonNull(path, "path");
      Objects.requireNonNull(access, "access");
      if (mode < 0 || mode > 07777) {
        throw new IllegalArgumentException(
            "permission bits must be 0 to 07777, not 0" + Integer.toOctalString(mode));
      }
    }
  }

  /**
   * An open descriptor of this JVM.
   *
   * @param fd the descriptor number
   */
  record Descriptor(int fd) implements Stdio {
    /**
     * Checks the number.
     *
     * @param fd see {@link #fd()}
     * @throws IllegalArgumentException if the number is negative
     */
    public Descriptor {
      if (fd < 0) {
        throw new IllegalArgumentException("a descriptor number must not be negative: " + fd);
      }
    }
  }
}
