package dev.procdesc.cli;

import dev.procdesc.ChildProcess;
import dev.procdesc.OnClose;
import dev.procdesc.Platform;
import dev.procdesc.Signal;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.TerminalSize;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/**
 * A command on a terminal, and this process between that terminal and its own standard input and
 * output: bytes go both ways, and the size of this process's terminal is that of the command's.
 *
 * <p>If standard input is a terminal, it is in raw mode meanwhile, so that each key, Ctrl-C too, is
 * one of the command's terminal. The modes are set by stty(1), which stops this process, as every
 * program that sets them, while it is in the background.
 */
final class TerminalSession implements AutoCloseable {
  private static final TerminalSize DEFAULT_SIZE = new TerminalSize(80, 24);

  /** The time in which the output is read that the command has written before it ended. */
  private static final Duration REST = Duration.ofSeconds(1);

  private static final int PIECE = 65_536;

  private final InputStream keyboard = new FileInputStream(FileDescriptor.in);
  private final OutputStream screen = new FileOutputStream(FileDescriptor.out);

  /** The terminal of this process whose size counts. */
  private final OptionalInt own = IntStream.rangeClosed(0, 2)
      .filter(fd -> Platform.current().terminalSize(fd).isPresent())
      .findFirst();

  /** The modes of standard input to be restored, as stty(1) prints them. Guarded by this. */
  private Optional<String> modes = Optional.empty();

  private final CountDownLatch outputEnd = new CountDownLatch(1);

  private volatile Optional<Output.Failed> failure = Optional.empty();

  /** Returns whether standard input is a terminal. */
  private boolean hasKeyboard() {
    return own.equals(OptionalInt.of(0));
  }

  /** Returns a spawner of the command on a new terminal. */
  Spawner on(Spawner spawner) {
    return hasKeyboard() ? spawner.terminalLike(0) : spawner.terminal(size());
  }

  private TerminalSize size() {
    return own.isPresent()
        ? Platform.current().terminalSize(own.getAsInt()).orElse(DEFAULT_SIZE)
        : DEFAULT_SIZE;
  }

  /** Begins the exchange with a command that was just started. */
  void start(ChildProcess child, SignalForwarder signals) throws IOException, InterruptedException {
    if (hasKeyboard()) {
      String before = stty("-g").strip();
      synchronized (this) {
        modes = Optional.of(before);
      }
      setRaw();
    }
    if (own.isPresent()) {
      signals.handle(Signal.WINCH, () -> resize(child));
      signals.alsoHandle(Signal.CONT, () -> continued(child));
      resize(child);
    }
    int input = numberOf(child, 0, 1, 2);
    // Without a keyboard, standard input is for a command that reads it.
    if (input == 0 || hasKeyboard()) {
      inThread("keyboard", () -> type(child, input));
    }
    inThread("screen", () -> show(child, numberOf(child, 1, 2, 0)));
  }

  /** Returns the first of some descriptors of the command that is its terminal. */
  private static int numberOf(ChildProcess child, int... descriptors) {
    return IntStream.of(descriptors).filter(child::hasPipe).findFirst().orElseThrow();
  }

  private static void inThread(String name, Runnable task) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    thread.start();
  }

  private static String stty(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("stty"));
    command.addAll(List.of(arguments));
    return Spawner.of(command)
        .stdin(Stdio.inherit())
        .onClose(OnClose.RELEASE)
        .run()
        .orThrow()
        .stdoutText();
  }

  /** Sets the raw mode, unless the session has ended. */
  private synchronized void setRaw() throws IOException, InterruptedException {
    if (modes.isPresent()) {
      String unused = stty("raw", "-echo");
    }
  }

  private synchronized void resize(ChildProcess child) {
    try {
      child.terminal().resize(size());
    } catch (IOException e) {
      Failure.tell(e);
    }
  }

  /** A shell may have changed the modes and the size while this process was stopped. */
  private void continued(ChildProcess child) {
    try {
      setRaw();
    } catch (IOException e) {
      Failure.tell(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    resize(child);
  }

  /** Passes standard input on to its end. */
  private void type(ChildProcess child, int number) {
    byte[] piece = new byte[PIECE];
    boolean inLine = false;
    try {
      for (int count = keyboard.read(piece); count >= 0; count = keyboard.read(piece)) {
        child.pipeTo(number).write(piece, 0, count);
        inLine = count > 0 ? piece[count - 1] != '\n' : inLine;
      }
      if (child.terminal().endOfFileCharacter().isPresent()) {
        if (inLine) {
          child.terminal().sendEndOfFile();
        }
        child.terminal().sendEndOfFile();
      }
    } catch (IOException | IllegalStateException e) {
      return; // The command has ended, or does not read lines any more.
    }
  }

  /** Passes the output of the command on to its end. */
  private void show(ChildProcess child, int number) {
    byte[] piece = new byte[PIECE];
    try (InputStream output = child.pipeFrom(number)) {
      for (int count = output.read(piece); count >= 0; count = output.read(piece)) {
        write(piece, count);
      }
    } catch (Output.Failed e) {
      failure = Optional.of(e);
      hangUp(child, e);
    } catch (IOException e) {
      return; // Closed: the command has ended, and another process has its terminal.
    } finally {
      outputEnd.countDown();
    }
  }

  private void write(byte[] bytes, int count) throws Output.Failed {
    try {
      screen.write(bytes, 0, count);
    } catch (IOException e) {
      throw new Output.Failed("standard output", e);
    }
  }

  /** Hangs up a terminal whose output nobody reads, as the end of a pipe's reader would. */
  private static void hangUp(ChildProcess child, Output.Failed cause) {
    Failure.tell(cause);
    try {
      child.pipeTo(numberOf(child, 0, 1, 2)).close();
    } catch (IOException e) {
      throw new AssertionError("closing a terminal does not fail", e);
    }
  }

  /** Waits for the output of a command that has ended. */
  void awaitOutput() throws InterruptedException {
    boolean unused = outputEnd.await(REST.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Returns the failure to write the output of the command, to be called after its end. */
  Optional<Output.Failed> failure() {
    return failure;
  }

  /** Restores the modes of standard input. */
  @Override
  public synchronized void close() throws IOException {
    Optional<String> before = modes;
    modes = Optional.empty();
    if (before.isPresent()) {
      try {
        String unused = stty(before.get());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
