package dev.procdesc.posix.process;

import dev.procdesc.ChildProcess;
import dev.procdesc.ClosedDescriptorException;
import dev.procdesc.ExitStatus;
import dev.procdesc.Signal;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/**
 * A view of a child as a {@link Process}. Every method uses the descriptor.
 *
 * <p>From Java 26 on, {@code Process} has a method {@code close()}, which is right here as it is
 * inherited: it closes the streams, and waits for the process.
 */
final class ProcessView extends Process {
  private static final AtomicLong NUMBERS = new AtomicLong();

  private final long number = NUMBERS.incrementAndGet();
  private final ChildProcess child;
  private final OutputStream stdin;
  private final InputStream stdout;
  private final InputStream stderr;

  private ProcessView(
      ChildProcess child,
      Optional<OutputStream> stdin,
      Optional<InputStream> stdout,
      Optional<InputStream> stderr) {
    this.child = child;
    this.stdin = stdin.orElseGet(NoInput::new);
    this.stdout = stdout.orElseGet(NoOutput::new);
    this.stderr = stderr.orElseGet(NoOutput::new);
  }

  /** Returns a new view of a child, with its standard pipes. */
  static Process of(
      ChildProcess child,
      Optional<OutputStream> stdin,
      Optional<InputStream> stdout,
      Optional<InputStream> stderr) {
    return new ProcessView(child, stdin, stdout, stderr);
  }

  /** The stream to a standard input that is no pipe; it can only be closed. */
  private static final class NoInput extends OutputStream {
    @Override
    public void write(int value) throws IOException {
      throw new IOException("Stream closed");
    }
  }

  /** The stream from an output that is no pipe; it is at its end, also after a close. */
  private static final class NoOutput extends InputStream {
    @Override
    public int read() {
      return -1;
    }
  }

  /** Returns a number that no other view has, not even one of another process with the same ID. */
  long number() {
    return number;
  }

  @Override
  public OutputStream getOutputStream() {
    return stdin;
  }

  @Override
  public InputStream getInputStream() {
    return stdout;
  }

  @Override
  public InputStream getErrorStream() {
    return stderr;
  }

  @Override
  public int waitFor() throws InterruptedException {
    // In the JDK, an interrupt ends a wait only if there is something to wait for.
    Optional<ExitStatus> known = child.poll();
    return (known.isPresent() ? known.get() : child.waitFor()).shellCode();
  }

  @Override
  public boolean waitFor(long timeout, TimeUnit unit) throws InterruptedException {
    long nanos = unit.toNanos(timeout);
    return child.poll().isPresent()
        || (nanos > 0 && child.waitFor(Duration.ofNanos(nanos)).isPresent());
  }

  @Override
  public int exitValue() {
    return child
        .poll()
        .orElseThrow(() -> new IllegalThreadStateException("process has not exited"))
        .shellCode();
  }

  @Override
  public boolean isAlive() {
    return child.isAlive();
  }

  @Override
  public void destroy() {
    send(Signal.TERM);
  }

  @Override
  public Process destroyForcibly() {
    send(Signal.KILL);
    return this;
  }

  private void send(Signal signal) {
    try {
      signalIfOpen(signal);
    } catch (IOException e) {
      // Process has no other way to report that the signal was not sent.
      throw new UncheckedIOException(e);
    }
  }

  /** Sends a signal; returns false if the process has ended, and after the close of the child. */
  boolean signalIfOpen(Signal signal) throws IOException {
    try {
      return child.signal(signal);
    } catch (ClosedDescriptorException e) {
      return false;
    }
  }

  @Override
  public boolean supportsNormalTermination() {
    return true;
  }

  @Override
  public long pid() {
    return child.pid();
  }

  @Override
  public CompletableFuture<Process> onExit() {
    return child.onExit().thenApply(status -> this);
  }

  @Override
  public ProcessHandle toHandle() {
    return new ProcessViewHandle(this, child);
  }

  @Override
  public ProcessHandle.Info info() {
    return toHandle().info();
  }

  @Override
  public Stream<ProcessHandle> children() {
    return toHandle().children();
  }

  @Override
  public Stream<ProcessHandle> descendants() {
    return toHandle().descendants();
  }

  /** Returns the text that the JDK's processes have. */
  @Override
  public String toString() {
    return "Process[pid=" + child.pid() + ", exitValue=" + exitText() + "]";
  }

  private String exitText() {
    try {
      Optional<ExitStatus> status = child.poll();
      if (status.isEmpty()) {
        return "\"not exited\"";
      }
      return status.get() instanceof ExitStatus.Unknown
          ? "\"unknown\""
          : Integer.toString(status.get().shellCode());
    } catch (ClosedDescriptorException e) {
      return "\"unknown\"";
    }
  }
}
