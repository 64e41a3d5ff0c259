package dev.procdesc;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A view of a child as a {@link Process}. Every method uses the descriptor. */
final class ProcessView extends Process {
  private final ChildProcess child;
  private final OutputStream stdin;

  ProcessView(ChildProcess child) {
    this.child = child;
    // Code written for Process expects a buffer here, as ProcessBuilder provides one.
    this.stdin = child.hasPipe(0)
        ? new BufferedOutputStream(child.stdin())
        : OutputStream.nullOutputStream();
  }

  @Override
  public OutputStream getOutputStream() {
    return stdin;
  }

  @Override
  public InputStream getInputStream() {
    return child.hasPipe(1) ? child.stdout() : InputStream.nullInputStream();
  }

  @Override
  public InputStream getErrorStream() {
    return child.hasPipe(2) ? child.stderr() : InputStream.nullInputStream();
  }

  @Override
  public int waitFor() throws InterruptedException {
    return child.waitFor().shellCode();
  }

  @Override
  public boolean waitFor(long timeout, TimeUnit unit) throws InterruptedException {
    return child.waitFor(Duration.ofNanos(unit.toNanos(timeout))).isPresent();
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
      child.signal(signal);
    } catch (IOException e) {
      // Process has no other way to report that the signal was not sent.
      throw new UncheckedIOException(e);
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
  public String toString() {
    return child.toString();
  }
}
