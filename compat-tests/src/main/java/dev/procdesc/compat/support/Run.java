package dev.procdesc.compat.support;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.ExitStatus.Signaled;
import dev.procdesc.OnClose;
import dev.procdesc.Signal;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.compat.Requires;
import dev.procdesc.testing.Timeouts;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Spawners of common children, and common assertions about them. */
public final class Run {
  /** The path of {@code true}, which differs between systems. */
  public static final String TRUE =
      Files.exists(Path.of("/bin/true")) ? "/bin/true" : "/usr/bin/true";

  private Run() {}

  /** Returns a spawner of a shell script with pipes; its arguments are {@code $1}, {@code $2}… */
  public static Spawner sh(String script, String... arguments) {
    List<String> words = new ArrayList<>(List.of("/bin/sh", "-c", script, "sh"));
    words.addAll(List.of(arguments));
    return piped(Spawner.of(words));
  }

  /** Returns a spawner of a child that echoes its input until the input ends. */
  public static Spawner cat() {
    return piped(Spawner.of("/bin/cat"));
  }

  /**
   * Returns the spawner with an {@code onClose} that this system has: the default, which kills, or
   * {@link OnClose#RELEASE} where no process would kill the child when this JVM dies. The caller
   * ends the child and closes its pipes.
   */
  public static Spawner ordinary(Spawner spawner) {
    return Requires.hasKill() ? spawner : spawner.onClose(OnClose.RELEASE);
  }

  /** Returns a spawner of a child that stays until it is killed, and holds the end of a pipe. */
  public static Spawner staying(RawPipe pipe) {
    return sh("exec sleep 1000").stdout(pipe.writer());
  }

  /** Spawns a child that stays until it is killed, and is the only holder of the end of a pipe. */
  public static ChildProcess spawnStaying(RawPipe pipe) throws IOException {
    ChildProcess child = staying(pipe).spawn();
    pipe.given();
    return child;
  }

  /** Returns a spawner with pipes at standard input and output; standard error is discarded. */
  public static Spawner piped(Spawner spawner) {
    return spawner.stdin(Stdio.pipe()).stdout(Stdio.pipe()).stderr(Stdio.nullDevice());
  }

  /** Returns the output of a child without input, which must exit with 0. */
  public static String output(Spawner spawner) throws IOException, InterruptedException {
    try (ChildProcess child = ordinary(spawner).spawn();
        InputStream stdout = child.stdout()) {
      child.stdin().close();
      String output = Text.all(stdout);
      assertEquals(new Exited(0), end(child), () -> "it printed: " + output);
      return output;
    }
  }

  /** Waits for a child that must exit by itself, and returns its status. */
  public static ExitStatus end(ChildProcess child) throws InterruptedException {
    var status = child.waitFor(Timeouts.CEILING);
    assertTrue(status.isPresent(), () -> child + " does not exit");
    return status.get();
  }

  /** Asserts that {@link #cat()} echoes a line, and so is alive and unharmed. */
  public static void assertEchoes(ChildProcess child) throws IOException {
    assertEquals("are you there?", Text.echo(child.stdin(), child.stdout(), "are you there?"));
  }

  /** Returns the status of a process that a signal terminated without a core dump. */
  public static ExitStatus signaled(Signal signal) {
    return new Signaled(signal, false);
  }
}
