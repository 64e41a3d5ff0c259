package dev.procdesc;

import dev.procdesc.spi.SystemPath;
import java.io.InputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * Options of {@link Spawner#run(RunOptions)}. Instances are immutable and reusable: each method
 * returns new options.
 *
 * <pre>{@code
 * RunOptions.defaults().input("3\n1\n2\n").timeout(Duration.ofSeconds(5))
 * }</pre>
 */
public final class RunOptions {
  private static final RunOptions DEFAULTS = new RunOptions(
      new RunInput.Absent(),
      Optional.empty(),
      new Teardown(List.of(), false),
      Capture.atMost(Capture.DEFAULT_LIMIT),
      Capture.atMost(Capture.DEFAULT_LIMIT),
      Duration.ofSeconds(1));

  final RunInput input;
  final Optional<Duration> timeout;
  final Teardown teardown;
  final Capture stdout;
  final Capture stderr;
  final Duration outputAfterExit;

  private RunOptions(
      RunInput input,
      Optional<Duration> timeout,
      Teardown teardown,
      Capture stdout,
      Capture stderr,
      Duration outputAfterExit) {
    this.input = input;
    this.timeout = timeout;
    this.teardown = teardown;
    this.stdout = stdout;
    this.stderr = stderr;
    this.outputAfterExit = outputAfterExit;
  }

  /**
   * Returns the default options: no input, no timeout, up to {@link Capture#DEFAULT_LIMIT} bytes of
   * each output, and one second for the output of descendants that outlive the child.
   *
   * @return the default of every option
   */
  public static RunOptions defaults() {
    return DEFAULTS;
  }

  private RunOptions withInput(RunInput input) {
    return new RunOptions(input, timeout, teardown, stdout, stderr, outputAfterExit);
  }

  /**
   * Sets the standard input of the child. The child may end, or close its input, before it has read
   * everything; that is no failure of the run. This applies to each kind of input.
   *
   * @param bytes the bytes, which are copied
   * @return new options
   */
  public RunOptions input(byte[] bytes) {
    return withInput(new RunInput.Bytes(bytes.clone()));
  }

  /**
   * Sets the standard input of the child.
   *
   * @param text the text
   * @param charset the encoding
   * @return new options
   */
  public RunOptions input(String text, Charset charset) {
    return withInput(new RunInput.Bytes(text.getBytes(charset)));
  }

  /**
   * Sets the standard input of the child, in UTF-8.
   *
   * @param text the text
   * @return new options
   */
  public RunOptions input(String text) {
    return input(text, StandardCharsets.UTF_8);
  }

  /**
   * Sets the standard input of the child to a file. The child reads the file itself, as with
   * {@link Stdio#fromFile}.
   *
   * @param file an existing file
   * @return new options
   * @throws UnsupportedOperationException if the path is one of another file system
   */
  public RunOptions input(Path file) {
    Objects.requireNonNull(file, "file");
    return withInput(new RunInput.OfFile(SystemPath.check(file)));
  }

  /**
   * Sets the standard input of the child to the rest of a stream. As a stream can only be read by a
   * thread that blocks, a daemon thread reads it while the child runs. When the child has ended or
   * has closed its input, the thread is interrupted, and ends when its current read returns; what
   * it has read by then is lost. The stream is not closed. An exception of the stream kills the
   * child, and the run fails with it.
   *
   * @param stream the stream, of which one run makes use
   * @return new options
   */
  public RunOptions input(InputStream stream) {
    return withInput(new RunInput.Stream(Objects.requireNonNull(stream, "stream")));
  }

  /**
   * Limits the time of the whole run, from its start to the output of descendants. When the time is
   * over, the child gets {@code SIGKILL}, and the run fails with {@link RunTimeoutException}, also
   * if the child exits at that moment. A start that waits, such as for the other end of a FIFO, is
   * interrupted, and leaves nothing.
   *
   * @param timeout the limit; zero or less is over at once
   * @return new options
   */
  public RunOptions timeout(Duration timeout) {
    return timeout(timeout, DEFAULTS.teardown);
  }

  /**
   * Limits the time of the whole run, and sets how the child is ended when it is over. The run then
   * takes as much longer as the steps of the teardown. It fails with {@link RunTimeoutException},
   * whatever the exit status.
   *
   * @param timeout the limit; zero or less is over at once
   * @param teardown the signals that the child gets, as with {@link ProcessDescriptor#shutdown}
   * @return new options
   */
  public RunOptions timeout(Duration timeout, Teardown teardown) {
    Objects.requireNonNull(timeout, "timeout");
    Objects.requireNonNull(teardown, "teardown");
    return new RunOptions(input, Optional.of(timeout), teardown, stdout, stderr, outputAfterExit);
  }

  /**
   * Sets the amount of standard output that is captured.
   *
   * @param capture the limit, and the treatment of further bytes
   * @return new options
   */
  public RunOptions stdout(Capture capture) {
    Objects.requireNonNull(capture, "capture");
    return new RunOptions(input, timeout, teardown, capture, stderr, outputAfterExit);
  }

  /**
   * Sets the amount of standard error that is captured.
   *
   * @param capture the limit, and the treatment of further bytes
   * @return new options
   */
  public RunOptions stderr(Capture capture) {
    Objects.requireNonNull(capture, "capture");
    return new RunOptions(input, timeout, teardown, stdout, capture, outputAfterExit);
  }

  /**
   * Sets the time for which the output is read after the child has ended, if descendants of it have
   * the pipes open. Then the pipes are closed, {@link CompletedProcess#outputComplete()} is false,
   * and a descendant that continues to write gets {@code SIGPIPE}. To end the descendants too, use
   * {@link OnClose#KILL_GROUP} or {@link OnClose#KILL_CGROUP}.
   *
   * @param time the limit; zero or less to read only what is in the pipes when the child ends
   * @return new options
   */
  public RunOptions outputAfterExit(Duration time) {
    Objects.requireNonNull(time, "time");
    return new RunOptions(input, timeout, teardown, stdout, stderr, time);
  }
}
