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
