package dev.procdesc.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus;
import dev.procdesc.SpawnException;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The C program with which the library is compared, compiled at run time.
 *
 * @param path the executable file, deleted when the JVM exits
 */
record NativeProgram(Path path) {
  private static final String SOURCE = "/peer.c";

  /**
   * Compiles the program.
   *
   * @throws SpawnException if there is no C compiler, with the step {@code EXECUTE}
   * @throws IOException if the program cannot be compiled
   */
  static NativeProgram compile() throws IOException, InterruptedException {
    // Deleted in reverse order at every exit except a kill.
    Path directory = Files.createTempDirectory("procdesc-bench");
    directory.toFile().deleteOnExit();
    Path source = directory.resolve("peer.c");
    source.toFile().deleteOnExit();
    Path program = directory.resolve("peer");
    program.toFile().deleteOnExit();
    try (InputStream text = NativeProgram.class.getResourceAsStream(SOURCE)) {
      if (text == null) {
        throw new IOException("the resource " + SOURCE + " is missing");
      }
      Files.copy(text, source);
    }
    Spawner compiler =
        Spawner.of("cc", "-O2", "-pthread", "-o", program.toString(), source.toString());
    try (ChildProcess child =
        compiler.stdin(Stdio.nullDevice()).stdout(Stdio.descriptor(2)).spawn()) {
      ExitStatus status = child.waitFor();
      if (!status.isSuccess()) {
        throw new IOException("cc: " + status);
      }
    }
    return new NativeProgram(program);
  }

  /** Starts the program for a measurement. */
  Running start(String... arguments) throws IOException {
    String[] command = new String[arguments.length + 1];
    command[0] = path.toString();
    System.arraycopy(arguments, 0, command, 1, arguments.length);
    return new Running(
        Spawner.of(List.of(command)).stdin(Stdio.pipe()).stdout(Stdio.pipe()).spawn());
  }

  /** The running program: it takes samples on demand, and sleeps meanwhile. */
  static final class Running implements AutoCloseable {
    private final ChildProcess child;
    private final BufferedReader answers;

    private Running(ChildProcess child) {
      this.child = child;
      this.answers = new BufferedReader(new InputStreamReader(child.stdout(), UTF_8));
    }

    /** Takes the given number of samples. */
    void measure(int count, Samples into) throws IOException {
      child.stdin().write((count + "\n").getBytes(UTF_8));
      for (int i = 0; i < count; i++) {
        String line = answers.readLine();
        if (line == null) {
          throw new IOException("the C program ended early");
        }
        into.add(Long.parseLong(line));
      }
    }

    @Override
    public void close() {
      child.close();
    }
  }
}
