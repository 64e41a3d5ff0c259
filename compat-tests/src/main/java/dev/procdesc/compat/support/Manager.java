package dev.procdesc.compat.support;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus;
import dev.procdesc.OnClose;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.compat.Requires;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;

/**
 * A service manager with a file descriptor store, as systemd's: a Python program, see
 * {@code manager.py}. It is no code under test, and knows nothing of the library.
 */
public final class Manager implements AutoCloseable {
  private final ChildProcess process;
  private final Path output;

  private Manager(ChildProcess process, Path output) {
    this.process = process;
    this.output = output;
  }

  /**
   * Starts a manager; skips the test where Python is missing.
   *
   * @param address the address of its socket
   * @param maximum the size of its store
   * @param output the file for the output of the services
   */
  public static Manager start(String address, int maximum, Path output) throws IOException {
    String python = List.of("/usr/bin/python3", "/usr/local/bin/python3").stream()
        .filter(name -> Files.exists(Path.of(name)))
        .findFirst()
        .orElse("/usr/bin/python3");
    Requires.file(python);
    String script;
    try (InputStream in = Manager.class.getResourceAsStream("manager.py")) {
      script = new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
    }
    ChildProcess process = Spawner.of(python, "-c", script, address, Integer.toString(maximum))
        .stdin(Stdio.pipe())
        .stdout(Stdio.pipe())
        .stderr(Stdio.appendTo(output))
        .onClose(OnClose.RELEASE)
        .spawn();
    Manager manager = new Manager(process, output);
    assertEquals("", manager.names(), manager.output()); // The socket is bound now.
    return manager;
  }

  private String ask(String order) throws IOException {
    return Text.echo(process.stdin(), process.stdout(), order);
  }

  /** Starts the service, and returns its process ID. */
  public long start(ChildJvm jvm) throws IOException {
    return Long.parseLong(ask("start " + String.join("\t", jvm.command())));
  }

  /** Kills the main process of the service, and returns its status: a code, or -N for signal N. */
  public int kill() throws IOException {
    return Integer.parseInt(ask("kill"));
  }

  /** Waits for the end of the main process of the service, and returns its status. */
  public int await() throws IOException {
    return Integer.parseInt(ask("wait"));
  }

  /** Returns the names of the stored descriptors, the newest first. */
  public String names() throws IOException {
    return ask("names");
  }

  /** Returns the messages since the last call, and how many descriptors each had. */
  public List<String> log() throws IOException {
    String log = ask("log");
    return log.isEmpty() ? List.of() : List.of(log.split(";", -1));
  }

  /** Stops or continues reading messages. */
  public void hears(boolean hears) throws IOException {
    assertEquals("ok", ask(hears ? "hear" : "deaf"));
  }

  /** Returns the output of the services. */
  public String output() {
    try {
      return Files.exists(output) ? Files.readString(output) : "";
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Stops the service for good: kills its main process, and gives up the store. */
  @Override
  public void close() {
    try (process) {
      process.stdin().close();
      assertEquals(new ExitStatus.Exited(0), Run.end(process), this::output);
      process.stdout().close();
    } catch (IOException | InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
