package dev.procdesc;

/**
 * A process that this JVM started, with the pipes to it. Created by {@link Spawner#spawn()}.
 *
 * <p>{@link #close()} also closes the pipes, except those of a released process
 * ({@link OnClose#RELEASE}), which the caller must close.
 *
 * <p>The methods behave the same on Linux and FreeBSD.
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
   * Returns a view of this child as a {@link Process}, for code that requires one. Its
   * {@code destroy} sends {@code SIGTERM}, its {@code destroyForcibly} sends {@code SIGKILL};
   * streams without a pipe are empty. The view does not close this descriptor, and keeps it
   * reachable.
   *
   * @return a new view
   */
  default Process asProcess() {
    return new ProcessView(this);
  }
}
