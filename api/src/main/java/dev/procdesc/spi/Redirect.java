package dev.procdesc.spi;

import dev.procdesc.PipeInput;
import dev.procdesc.PipeOutput;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.Stdio;
import dev.procdesc.TerminalSize;
import java.io.FileDescriptor;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;

/** The kinds of {@link Stdio}, which a backend distinguishes. */
public sealed interface Redirect extends Stdio {
  /** The parent's own descriptor. */
  enum Inherit implements Redirect {
    /** The only instance. */
    INSTANCE
  }

  /** A pipe between parent and child. */
  enum Pipe implements Redirect {
    /** The child reads at number 0 and writes at 1 and 2. */
    AUTOMATIC,
    /** The child reads. */
    TO_CHILD,
    /** The child writes. */
    FROM_CHILD
  }

  /** A socket to the parent. All descriptors of a child of this kind are the same socket. */
  enum SocketPair implements Redirect {
    /** The only instance. */
    INSTANCE
  }

  /** The null device. */
  enum Null implements Redirect {
    /** The only instance. */
    INSTANCE
  }

  /** The destination of standard output. */
  enum Stdout implements Redirect {
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
  record File(Path path, Access access, int mode) implements Redirect {
    /** Permission for all users to read and write, less the umask. */
    public static final int DEFAULT_MODE = 0666;

    /**
     * Checks the path and mode.
     *
     * @param path see {@link #path()}
     * @param access see {@link #access()}
     * @param mode see {@link #mode()}
     * @throws IllegalArgumentException if the mode is out of range
     * @throws UnsupportedOperationException if the path is one of another file system
     */
    public File {
      SystemPath.check(Objects.requireNonNull(path, "path"));
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
  record Descriptor(int fd) implements Redirect {
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

  /**
   * An open descriptor of this JVM, whose number the JDK hides.
   *
   * @param descriptor the descriptor
   */
  record JavaDescriptor(FileDescriptor descriptor) implements Redirect {
    /**
     * Checks for null.
     *
     * @param descriptor see {@link #descriptor()}
     */
    public JavaDescriptor {
      Objects.requireNonNull(descriptor, "descriptor");
    }
  }

  /**
   * The end of a pipe that another child writes, which this JVM gives up.
   *
   * @param pipe the pipe
   */
  record FromPipe(PipeInput pipe) implements Redirect {
    /**
     * Checks for null.
     *
     * @param pipe see {@link #pipe()}
     */
    public FromPipe {
      Objects.requireNonNull(pipe, "pipe");
    }
  }

  /**
   * The end of a pipe that another child reads, which this JVM gives up.
   *
   * @param pipe the pipe
   */
  record ToPipe(PipeOutput pipe) implements Redirect {
    /**
     * Checks for null.
     *
     * @param pipe see {@link #pipe()}
     */
    public ToPipe {
      Objects.requireNonNull(pipe, "pipe");
    }
  }

  /**
   * The descriptor of a process, with its lifeline.
   *
   * @param process the process
   */
  record OfProcess(ProcessDescriptor process) implements Redirect {
    /**
     * Checks for null.
     *
     * @param process see {@link #process()}
     */
    public OfProcess {
      Objects.requireNonNull(process, "process");
    }
  }

  /**
   * The terminal that is opened for the child. A child has at most one; all its descriptors of this
   * kind are equal.
   *
   * @param size the size; empty for that of the other terminal
   * @param like a descriptor of this JVM, the terminal whose modes and size the new one gets; empty
   *     for the modes of the system
   */
  record Terminal(Optional<TerminalSize> size, OptionalInt like) implements Redirect {}
}
