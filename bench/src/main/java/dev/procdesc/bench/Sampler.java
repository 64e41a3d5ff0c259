package dev.procdesc.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.procdesc.ChildProcess;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.time.Duration;

/**
 * A program that takes samples on demand, and sleeps meanwhile. It writes an empty line when it is
 * ready. It reads numbers, one a line, and answers each with at most as many samples, one a line,
 * and an empty line.
 */
final class Sampler implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private final ChildProcess child;
  private final BufferedReader answers;

  private Sampler(ChildProcess child) {
    this.child = child;
    this.answers = new BufferedReader(new InputStreamReader(child.stdout(), UTF_8));
  }

  /**
   * Starts a program whose standard input and output are not configured otherwise, and waits until
   * it is ready.
   */
  static Sampler start(Spawner program) throws IOException {
    Sampler sampler =
        new Sampler(program.stdin(Stdio.pipe()).stdout(Stdio.pipe()).spawn());
    sampler.read(new Samples());
    return sampler;
  }

  /** Takes at most the given number of samples. */
  void measure(int count, Samples into) throws IOException {
    child.stdin().write((count + "\n").getBytes(UTF_8));
    read(into);
  }

  /** Reads samples up to an empty line. */
  private void read(Samples into) throws IOException {
    String line = answers.readLine();
    while (line != null && !line.isEmpty()) {
      into.add(Long.parseLong(line));
      line = answers.readLine();
    }
    if (line == null) {
      throw new IOException("the program ended early");
    }
  }

  /** Lets the program end its children and exit. */
  void end() throws IOException, InterruptedException {
    child.stdin().close();
    if (child.waitFor(PATIENCE).isEmpty()) {
      throw new IOException("the program does not end");
    }
  }

  @Override
  public void close() {
    child.close();
  }
}
