package dev.procdesc.compat;

import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus;
import dev.procdesc.Signal;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.compat.support.Run;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** All subjects. */
public final class Subjects {
  /** The library. */
  public static final Subject LIBRARY =
      command -> new LibraryChild(spawner(command).spawn());

  /** The library, through {@link ChildProcess#asProcess()}. */
  public static final Subject VIEW = command -> {
    ChildProcess child = spawner(command).spawn();
    Process view = child.asProcess();
    return new ProcessChild(view, view::destroy, child::close);
  };

  /** The control group: {@code java.lang.Process}. */
  public static final Subject CONTROL = command -> {
    ProcessBuilder builder =
        new ProcessBuilder(command.words()).redirectErrorStream(command.mergeError());
    command.directory().ifPresent(directory -> builder.directory(directory.toFile()));
    command
        .environment()
        .forEach((name, value) -> value.ifPresentOrElse(
            text -> builder.environment().put(name, text),
            () -> builder.environment().remove(name)));
    Process process = builder.start();
    // Process.destroy also closes the streams; the handle's destroy only sends SIGTERM.
    return new ProcessChild(process, () -> process.toHandle().destroy(), () -> {});
  };

  private Subjects() {}

  private static Spawner spawner(Command command) {
    Spawner spawner = Run.ordinary(Spawner.of(command.words()))
        .stdin(Stdio.pipe())
        .stdout(Stdio.pipe())
        .stderr(command.mergeError() ? Stdio.stdout() : Stdio.pipe());
    if (command.directory().isPresent()) {
      spawner = spawner.directory(command.directory().get());
    }
    for (var variable : command.environment().entrySet()) {
      spawner = variable.getValue().isPresent()
          ? spawner.environment(variable.getKey(), variable.getValue().get())
          : spawner.withoutEnvironment(variable.getKey());
    }
    return spawner;
  }

  private record LibraryChild(ChildProcess child) implements Child {
    @Override
    public OutputStream stdin() {
      return child.stdin();
    }

    @Override
    public InputStream stdout() {
      return child.stdout();
    }

    @Override
    public InputStream stderr() {
      return child.hasPipe(2) ? child.stderr() : InputStream.nullInputStream();
    }

    @Override
    public long pid() {
      return child.pid();
    }

    @Override
    public boolean isAlive() {
      return child.isAlive();
    }

    @Override
    public void terminate() throws IOException {
      child.signal(Signal.TERM);
    }

    @Override
    public void kill() throws IOException {
      child.kill();
    }

    @Override
    public int waitFor() throws InterruptedException {
      return child.waitFor().shellCode();
    }

    @Override
    public OptionalInt waitFor(Duration timeout) throws InterruptedException {
      return child
          .waitFor(timeout)
          .map(status -> OptionalInt.of(status.shellCode()))
          .orElse(OptionalInt.empty());
    }

    @Override
    public CompletableFuture<Integer> onExit() {
      return child.onExit().thenApply(ExitStatus::shellCode);
    }

    @Override
    public void close() throws IOException {
      if (!Requires.hasKill()) {
        child.kill();
        for (Closeable pipe : new Closeable[] {stdin(), stdout(), stderr()}) {
          pipe.close();
        }
      }
      child.close();
    }
  }

  private record ProcessChild(Process process, Runnable terminator, Runnable release)
      implements Child {
    @Override
    public OutputStream stdin() {
      return process.getOutputStream();
    }

    @Override
    public InputStream stdout() {
      return process.getInputStream();
    }

    @Override
    public InputStream stderr() {
      return process.getErrorStream();
    }

    @Override
    public long pid() {
      return process.pid();
    }

    @Override
    public boolean isAlive() {
      return process.isAlive();
    }

    @Override
    public void terminate() {
      terminator.run();
    }

    @Override
    public void kill() {
      process.destroyForcibly();
    }

    @Override
    public int waitFor() throws InterruptedException {
      return process.waitFor();
    }

    @Override
    public OptionalInt waitFor(Duration timeout) throws InterruptedException {
      return process.waitFor(timeout.toNanos(), TimeUnit.NANOSECONDS)
          ? OptionalInt.of(process.exitValue())
          : OptionalInt.empty();
    }

    @Override
    public CompletableFuture<Integer> onExit() {
      return process.onExit().thenApply(Process::exitValue);
    }

    @Override
    public void close() throws IOException {
      process.destroyForcibly();
      try {
        stdin().close();
      } catch (IOException e) {
        // The rest of the buffer has no reader any more.
      }
      stdout().close();
      stderr().close();
      release.run();
    }
  }
}
