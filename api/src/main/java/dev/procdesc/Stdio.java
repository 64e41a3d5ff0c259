package dev.procdesc;

import dev.procdesc.spi.Redirect;
import java.io.FileDescriptor;
import java.nio.file.Path;
import java.util.Objects;

/**
 * A source or destination for a descriptor number of the child. The parent opens files,
 * close-on-exec, at every spawn; the child gets exactly the requested descriptors.
 *
 * <p>A method that names no system does the same on Linux and FreeBSD. In the descriptor-only mode
 * ({@link Platform#enterDescriptorOnlyMode}) no file can be opened: the spawn fails with EPERM on
 * Linux, with {@link DescriptorOnly#FILES}, and with ECAPMODE on FreeBSD. What is no file works,
 * such as a pipe or an open descriptor, and so does {@link #nullDevice()}, which was opened before.
 */
public sealed interface Stdio permits Redirect {
  /**
   * Returns the parent's own descriptor of the same number.
   *
   * @return valid for standard input, output and error
   */
  static Stdio inherit() {
    return Redirect.Inherit.INSTANCE;
  }

  /**
   * Returns a pipe. At standard input the child reads and {@link ChildProcess#stdin()} writes; at
   * standard output and error the child writes, and {@link ChildProcess#stdout()} and
   * {@link ChildProcess#stderr()} read. At an extra descriptor use {@link #pipeToChild()} or
   * {@link #pipeFromChild()}.
   *
   * <p><b>A pipe from the child must be read.</b> A child that fills it blocks in its next write,
   * and does not end: {@link ChildProcess#waitFor()} then waits forever, and
   * {@link ChildProcess#onExit()} does not complete. Read the pipe before waiting, and two pipes by
   * two threads or by {@link PipeInput#publisher}; or let {@link Spawner#run()} do it; or give
   * {@link #nullDevice()} for output that is not needed. A pipe that is closed is not filled: the
   * child gets {@code SIGPIPE}.
   *
   * <p>Linux and FreeBSD: {@code pipe2}. Linux: a pipe holds 16 pages, which is 64 KiB with pages
   * of 4 KiB, and fewer once the user has many pipes ({@code fs.pipe-user-pages-soft}). FreeBSD: a
   * pipe holds 16 KiB, grows up to 64 KiB, and holds 4 KiB while the system is short of memory for
   * pipes; a single write of 8 KiB or more usually waits until all of it was read, even if the pipe
   * is empty ({@code kern.ipc.pipe_mindirect}).
   *
   * @return valid for standard input, output and error
   * @see <a href="https://man7.org/linux/man-pages/man7/pipe.7.html">pipe(7), Linux</a>
   * @see <a href="https://man.freebsd.org/cgi/man.cgi?query=pipe&amp;sektion=2">pipe(2),
   *     FreeBSD</a>
   */
  static Stdio pipe() {
    return Redirect.Pipe.AUTOMATIC;
  }

  /**
   * Returns a pipe that the child reads and {@link ChildProcess#pipeTo(int)} writes.
   *
   * @return valid for any descriptor number
   */
  static Stdio pipeToChild() {
    return Redirect.Pipe.TO_CHILD;
  }

  /**
   * Returns a pipe that the child writes and {@link ChildProcess#pipeFrom(int)} reads. It must be
   * read, as one of {@link #pipe()}.
   *
   * @return valid for any descriptor number
   */
  static Stdio pipeFromChild() {
    return Redirect.Pipe.FROM_CHILD;
  }

  /**
   * Returns one end of a socket pair, whose other end is {@link ChildProcess#socket()}: one socket
   * for the input and the output of the child, as event loops of sockets take it. All numbers of a
   * child for which this is given are the same socket:
   *
   * <pre>{@code
   * Spawner.of("cat").stdin(Stdio.socketPair()).stdout(Stdio.socketPair())
   * }</pre>
   *
   * <p>{@link ChildProcess#pipeTo(int)} writes to it by the lowest of the numbers that is not
   * standard output or error, and {@link ChildProcess#pipeFrom(int)} reads by the lowest one that
   * is not standard input; so {@link ChildProcess#stdin()} and {@link ChildProcess#stdout()} work
   * as with pipes. What the child writes must be read, as from a {@link #pipe()}.
   *
   * @return valid for any descriptor number
   * @see ChildSocket
   */
  static Stdio socketPair() {
    return Redirect.SocketPair.INSTANCE;
  }

  /**
   * Returns the null device: reads return end of file, writes are discarded.
   *
   * @return valid for any descriptor number
   */
  static Stdio nullDevice() {
    return Redirect.Null.INSTANCE;
  }

  /**
   * Returns a file to read. The file is opened by the spawn. If it is a FIFO, here or in the other
   * methods for files, the spawn waits until its other end is open, as open(2) does; an interrupt
   * ends that wait.
   *
   * @param file an existing file; a relative path is relative to the parent's directory
   * @return valid for any descriptor number
   * @throws UnsupportedOperationException if the path is one of another file system
   */
  static Stdio fromFile(Path file) {
    return new Redirect.File(file, Access.READ, Redirect.File.DEFAULT_MODE);
  }

  /**
   * Returns a file to write, created if absent (mode 0666 less the parent's umask) and truncated
   * otherwise.
   *
   * @param file the file; a relative path is relative to the parent's directory
   * @return valid for any descriptor number
   * @throws UnsupportedOperationException if the path is one of another file system
   */
  static Stdio toFile(Path file) {
    return new Redirect.File(file, Access.WRITE, Redirect.File.DEFAULT_MODE);
  }

  /**
   * Returns a file to append to, created if absent (mode 0666 less the parent's umask). Every write
   * goes to the end, also if several processes write.
   *
   * @param file the file; a relative path is relative to the parent's directory
   * @return valid for any descriptor number
   * @throws UnsupportedOperationException if the path is one of another file system
   */
  static Stdio appendTo(Path file) {
    return new Redirect.File(file, Access.APPEND, Redirect.File.DEFAULT_MODE);
  }

  /**
   * Returns a file with a given access and mode.
   *
   * @param file the file; a relative path is relative to the parent's directory
   * @param access the access
   * @param mode permission bits if the file is created, less the parent's umask: 0 to 07777
   * @return valid for any descriptor number
   * @throws IllegalArgumentException if the mode is out of range
   * @throws UnsupportedOperationException if the path is one of another file system
   */
  static Stdio file(Path file, Access access, int mode) {
    return new Redirect.File(file, access, mode);
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
    return new Redirect.Descriptor(fd);
  }

  /**
   * Returns an open descriptor of this JVM by the object that the JDK has for it: that of a
   * {@link java.io.FileInputStream}, {@link java.io.FileOutputStream} or
   * {@link java.io.RandomAccessFile} ({@code getFD()}), or of a socket of junixsocket. It is
   * duplicated while {@code spawn()} runs, so the child shares the position in the file. The caller
   * retains ownership, and keeps it open until the child has started.
   *
   * <p>A {@code FileChannel} and the socket channels of the JDK hide their descriptors. A channel
   * that was obtained from one of the classes above by {@code getChannel()} has the descriptor of
   * that object. A file can be opened again, by {@link #fromFile} and the like. A listening socket
   * for a child comes from a library that reports its descriptor, such as junixsocket or
   * jnr-unixsocket, or is inherited by this JVM.
   *
   * <p>The JDK hides the number of a {@code FileDescriptor}, except of {@link FileDescriptor#in},
   * {@link FileDescriptor#out} and {@link FileDescriptor#err}. So this JVM must be started with
   * {@code --add-opens=java.base/java.io=ALL-UNNAMED}, on the module path with
   * {@code --add-opens=java.base/java.io=dev.procdesc.posix}, or from a JAR whose manifest has
   * {@code Add-Opens: java.base/java.io}. Otherwise {@code spawn()} throws
   * {@link UnsupportedOperationException}, which names the option.
   *
   * @param descriptor an open descriptor; a spawn after its close fails with EBADF
   * @return valid for any descriptor number
   * @throws IllegalArgumentException if the descriptor is not open
   */
  static Stdio descriptor(FileDescriptor descriptor) {
    if (!Objects.requireNonNull(descriptor, "descriptor").valid()) {
      throw new IllegalArgumentException("the FileDescriptor is not open");
    }
    if (descriptor == FileDescriptor.in) {
      return descriptor(0);
    }
    if (descriptor == FileDescriptor.out) {
      return descriptor(1);
    }
    return descriptor == FileDescriptor.err
        ? descriptor(2)
        : new Redirect.JavaDescriptor(descriptor);
  }

  /**
   * Returns the output of another child: the new child reads what that child writes, without a copy
   * by this JVM. {@link Pipeline} connects several children in this way.
   *
   * <pre>{@code
   * ChildProcess list = Spawner.of("ls").stdout(Stdio.pipe()).spawn();
   * ChildProcess sort = Spawner.of("sort").stdin(Stdio.from(list.stdout())).spawn();
   * }</pre>
   *
   * <p>{@link Spawner#spawn()} gives the end of this JVM to the child: once the child has started,
   * the pipe is closed in this JVM, so that the child is its only reader, and the other child gets
   * {@code SIGPIPE} if it writes after this one has ended. If the spawn fails, the pipe is as it
   * was. The new child keeps the other one reachable.
   *
   * <p>The pipe can be used for one spawn. {@code spawn()} throws {@link IllegalStateException} if
   * it is the screen of a terminal, if a thread or a subscription reads the pipe, or if this JVM
   * has read bytes that were not returned yet, which a read of fewer bytes or
   * {@link PipeInput#available()} may leave; it throws
   * {@link java.nio.channels.ClosedChannelException} if the pipe is closed. A pipe at its end of
   * file is permitted.
   *
   * @param pipe the pipe from the other child
   * @return valid for standard input and extra descriptors
   */
  static Stdio from(PipeInput pipe) {
    return new Redirect.FromPipe(pipe);
  }

  /**
   * Returns the input of another child: the new child writes what that child reads, without a copy
   * by this JVM. The rules of {@link #from(PipeInput)} apply: once the new child has started, the
   * pipe is closed in this JVM, so that the other child reads the end of file when the new one has
   * ended. A pipe that lost its last reader fails the spawn with EPIPE, or, if this JVM has not
   * noticed that yet, the first write of the new child with {@code SIGPIPE}.
   *
   * @param pipe the pipe to the other child
   * @return valid for standard output, standard error and extra descriptors
   */
  static Stdio to(PipeOutput pipe) {
    return new Redirect.ToPipe(pipe);
  }

  /**
   * Returns the descriptor of a process: the child becomes one more holder of it, and a process
   * with {@link OnClose#KILL} dies when its last holder has closed it or has died. The descriptor
   * remains open here.
   *
   * <p>Where the library and not the kernel kills at the last close (on Linux with
   * {@link DeathGuard#GUARDIAN}, on FreeBSD for {@link OnClose#KILL_GROUP}), such a process has a
   * <i>lifeline</i>, the write end of a pipe (see {@link DescriptorChannel}). The child gets the
   * lifeline too, at the next number. That number belongs to the process on every system, and
   * remains unused if the process has no lifeline: if the kernel kills it, if it is not killed at
   * all, and if it has ended. {@link Spawner#passDescriptor} tells the child which descriptors it
   * has; another JVM takes them by {@link InheritedDescriptors#take()}, or by
   * {@link ProcessDescriptor#of(int, int)}.
   *
   * <p>{@link Spawner#spawn()} throws {@link ClosedDescriptorException} if the descriptor is
   * closed, {@link MissingRightException} without {@link Right#SEND}, and
   * {@link UnsupportedFeatureException} for a restricted descriptor without
   * {@link Feature#KERNEL_RIGHTS}, as {@link DescriptorChannel#send(byte[], ProcessDescriptor...)}
   * does.
   *
   * @param process a descriptor of this library
   * @return valid for extra descriptors, and for {@link Spawner#passDescriptor}
   */
  static Stdio process(ProcessDescriptor process) {
    return new Redirect.OfProcess(process);
  }

  /**
   * Returns the destination of standard output: {@code 2>&1}.
   *
   * @return valid for standard error only
   */
  static Stdio stdout() {
    return Redirect.Stdout.INSTANCE;
  }

  /** The access with which a file is opened. */
  enum Access {
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
}
