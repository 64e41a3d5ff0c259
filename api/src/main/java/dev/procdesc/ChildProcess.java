package dev.procdesc;

/**
 * A process that this JVM started, with the pipes or the terminal to it. Created by
 * {@link Spawner#spawn()}.
 *
 * <p>{@link #close()} also closes the pipes, except those of a released process
 * ({@link OnClose#RELEASE}), which the caller must close.
 *
 * <p>A pipe from the child must be read: a child that fills it blocks, and {@link #waitFor()} waits
 * forever. {@link Stdio#pipe()} tells how much a pipe holds, and what to do.
 *
 * <p>The methods of this interface do the same on Linux and FreeBSD, except as they say;
 * {@link ChildSocket} and {@link Terminal} tell how the systems differ.
 */
public interface ChildProcess extends ProcessDescriptor {
  /**
   * Returns the pipe to the child's standard input.
   *
   * @return the same object at every call
   * @throws IllegalStateException if {@link Spawner#stdin(Stdio)} was not given a pipe
   */
  default PipeOutput stdin() {
    return pipeTo(0);
  }

  /**
   * Returns the pipe from the child's standard output.
   *
   * @return the same object at every call
   * @throws IllegalStateException if {@link Spawner#stdout(Stdio)} was not given a pipe
   */
  default PipeInput stdout() {
    return pipeFrom(1);
  }

  /**
   * Returns the pipe from the child's standard error.
   *
   * @return the same object at every call
   * @throws IllegalStateException if {@link Spawner#stderr(Stdio)} was not given a pipe
   */
  default PipeInput stderr() {
    return pipeFrom(2);
  }

  /**
   * Returns the pipe that the child reads at a descriptor number.
   *
   * @param fd the descriptor number in the child
   * @return the same object at every call
   * @throws IllegalStateException if there is no such pipe
   */
  PipeOutput pipeTo(int fd);

  /**
   * Returns the pipe that the child writes at a descriptor number.
   *
   * @param fd the descriptor number in the child
   * @return the same object at every call
   * @throws IllegalStateException if there is no such pipe
   */
  PipeInput pipeFrom(int fd);

  /**
   * Returns whether the child has a pipe to this JVM at a descriptor number.
   *
   * @param fd the descriptor number in the child
   * @return true if {@link #pipeTo(int)} or {@link #pipeFrom(int)} returns a pipe
   */
  boolean hasPipe(int fd);

  /**
   * Returns the socket that the child has at the numbers for which {@link Stdio#socketPair()} was
   * given.
   *
   * @return the same object at every call
   * @throws IllegalStateException if the child was started without such a socket
   */
  ChildSocket socket();

  /**
   * Returns whether the child has a socket to this JVM.
   *
   * @return true if {@link #socket()} returns one
   */
  boolean hasSocket();

  /**
   * Returns the terminal that was opened for the child.
   *
   * @return the same object at every call
   * @throws IllegalStateException if the child was started without {@link Spawner#terminal}
   */
  Terminal terminal();

  /**
   * Returns whether a terminal was opened for the child.
   *
   * @return true if {@link #terminal()} returns one
   */
  boolean hasTerminal();

  /**
   * Hands the terminal over to the child again, as {@link Spawner#foreground} did at the start,
   * after the JVM took it back from a child that stopped. The terminal gets the modes that it had
   * at the stop. This method does not continue the child:
   *
   * <pre>{@code
   * if (child.foreground()) { // fg in a shell; without it bg
   *   child.signalGroup(Signal.CONT);
   * }
   * }</pre>
   *
   * @return true if the child's process group is the foreground group now; false if the child has
   *     ended, or if the JVM is in the background, so that neither it nor one of its children has
   *     the terminal to hand over
   * @throws ProcessDescriptorException if the terminal was hung up
   * @throws IllegalStateException if the child was started without {@link Spawner#foreground}, or
   *     its terminal is not the controlling terminal of this JVM
   * @throws ClosedDescriptorException after {@link #close()}
   */
  boolean foreground() throws ProcessDescriptorException;

  /**
   * Returns a view of this child as a {@link Process}, for code that requires one. Its methods
   * behave as those of the JDK's own, except as follows.
   *
   * <p><b>Close.</b> Users of {@code Process} have no occasion to close a descriptor. After this
   * call the child is therefore not collected, and so not killed, before its end. At its end, once
   * the exit status is known, this descriptor is closed, with no warning; pipes that no process has
   * open at the other end are closed too, and a pipe that a descendant has open is closed at its
   * end of file. What was not read remains readable. {@link #close()} has its effect before the
   * end, and is permitted after it. The methods that need the descriptor, such as {@link #fd()},
   * {@link #signalGroup} and {@link #duplicate()}, throw {@link ClosedDescriptorException} after
   * the end; obtain a {@link #duplicate()} before, if that matters. With {@link OnClose#KILL_GROUP}
   * or {@link OnClose#KILL_CGROUP} the close affects other processes, and remains the caller's.
   *
   * <p><b>Signals.</b> {@code destroy} sends {@code SIGTERM} and {@code destroyForcibly} sends
   * {@code SIGKILL}, through the descriptor. They have no effect after the end of the child and
   * after {@link #close()}. They do not close the streams. They throw
   * {@link java.io.UncheckedIOException} if the child runs as another user now.
   *
   * <p><b>Exit value.</b> It is {@link ExitStatus#shellCode()}. If the status is
   * {@link ExitStatus.Unknown}, {@code exitValue} and {@code waitFor} throw
   * {@link IllegalStateException}; the JDK's own return 0 after other code has reaped the child.
   * {@code waitFor}, {@code isAlive}, {@code exitValue} and {@code onExit} throw
   * {@link ClosedDescriptorException} where {@link #waitFor()} does, after {@link #close()}.
   *
   * <p><b>Streams.</b> They are buffered, so use either them or {@link #stdin()}, {@link #stdout()}
   * and {@link #stderr()}. An interrupt has no effect on them, unlike on a {@link PipeInput} or
   * {@link PipeOutput}. Where the child has no pipe, reads return the end of file, and writes throw
   * {@link java.io.IOException}. An output is at its end of file when the last process that can
   * write it has closed it or ended, which may be a descendant. The JDK's own streams end with what
   * the pipe contains at the end of the child, and lose what a descendant writes later.
   *
   * <p><b>Handle.</b> {@code toHandle()} returns a handle that uses the descriptor too, and
   * continues to work after the end. Handles are equal if they are of the same child and both from
   * this view; as {@link ProcessHandle#equals} specifies, a handle from
   * {@link ProcessHandle#of(long)} is another implementation, and not equal. Only {@code info()},
   * {@code children()} and {@code descendants()} query the system by ID, in a way that never
   * returns an answer about another process. Where the system does not report the child by its ID,
   * as in FreeBSD's capability mode, {@code info()} is empty, and {@code children()} and
   * {@code descendants()} throw {@link UnsupportedOperationException}. The children of the JVM
   * itself, {@code ProcessHandle.current().children()}, include its {@link Platform#guardian()}.
   *
   * <p><b>Java 26.</b> From that version on, {@code Process} is closeable. Its {@code close()}
   * closes the streams and waits for the child, which gets {@code SIGKILL} only if the thread is
   * interrupted; it does not call {@link #close()}.
   *
   * @return the view, the same object at every call
   */
  Process asProcess();
}
