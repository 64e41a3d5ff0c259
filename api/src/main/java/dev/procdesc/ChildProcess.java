package dev.procdesc;

/**
 * A process that this JVM started, with the pipes to it. Made by {@link Spawner#spawn()}.
 *
 * <p>{@link #close()} closes the pipes too, except those of a released process
 * ({@link OnClose#RELEASE}): they stay the caller's to close.
 */
public interface ChildProcess extends ProcessDescriptor {
  /**
   * The pipe to the child's standard input.
   *
   * @return the same object at every call
   * @throws IllegalStateException if {@link Spawner#stdin(Stdio)} was not given a pipe
   */
  default PipeOutput stdin() {
    return pipeTo(0);
  }

  /**
   * The pipe from the child's standard output.
   *
   * @return the same object at every call
   * @throws IllegalStateException if {@link Spawner#stdout(Stdio)} was not given a pipe
   */
  default PipeInput stdout() {
    return pipeFrom(1);
  }

  /**
   * The pipe from the child's standard error.
   *
   * @return the same object at every call
   * @throws IllegalStateException if {@link Spawner#stderr(Stdio)} was not given a pipe
   */
  default PipeInput stderr() {
    return pipeFrom(2);
  }

  /**
   * The pipe that the child reads at a descriptor number.
   *
   * @param fd the child's number
   * @return the same object at every call
   * @throws IllegalStateException if there is no such pipe
   */
  PipeOutput pipeTo(int fd);

  /**
   * The pipe that the child writes at a descriptor number.
   *
   * @param fd the child's number
   * @return the same object at every call
   * @throws IllegalStateException if there is no such pipe
   */
  PipeInput pipeFrom(int fd);

  /**
   * Whether the child has a pipe to this JVM at a descriptor number.
   *
   * @param fd the child's number
   * @return true if {@link #pipeTo(int)} or {@link #pipeFrom(int)} has an answer
   */
  boolean hasPipe(int fd);

  /**
   * A view of this child as a {@link Process}, for code that wants one. Its {@code destroy} sends
   * {@code SIGTERM}, {@code destroyForcibly} {@code SIGKILL}; streams without a pipe are empty. It
   * does not close this descriptor, and keeps it reachable.
   *
   * @return a new view
   */
  default Process asProcess() {
    return new ProcessView(this);
  }
}
