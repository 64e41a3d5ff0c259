package dev.procdesc.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.procdesc.DeathGuard;
import dev.procdesc.Feature;
import dev.procdesc.InheritedDescriptors;
import dev.procdesc.Platform;
import dev.procdesc.Signal;
import dev.procdesc.testing.Await;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code pd run --store} as a service of a manager with a file descriptor store. */
final class StoreTest {
  private static final String PYTHON = "/usr/bin/python3";
  private static final String SETSID = "/usr/bin/setsid";
  private static final Path MANAGER =
      Path.of("../compat-tests/src/main/resources/dev/procdesc/compat/support/manager.py");

  @TempDir
  Path directory;

  private Path log;

  @BeforeEach
  void features() {
    assumeTrue(Files.exists(Path.of(PYTHON)), "Python");
    for (Feature feature : new Feature[] {Feature.DESCRIPTOR_CHANNEL, Feature.KILL_ON_JVM_DEATH}) {
      assumeTrue(Platform.current().has(feature), "lacks " + feature);
    }
    log = directory.resolve("log");
  }

  private String text() {
    try {
      return Files.readString(log);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static String ask(BufferedWriter orders, BufferedReader answers, String order)
      throws IOException {
    orders.write(order + "\n");
    orders.flush();
    return answers.readLine();
  }

  /** Signals a process, or a process group by a negative ID. */
  private static int signal(Signal signal, String target) throws Exception {
    return new ProcessBuilder(
            "/bin/sh", "-c", "kill -$1 $2", "kill", Integer.toString(signal.number()), target)
        .inheritIO()
        .start()
        .waitFor();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void theCommandOutlivesPd(boolean endedByGroup) throws Exception {
    assumeTrue(!endedByGroup || Files.exists(Path.of(SETSID)), "setsid(1)");
    Process manager = new ProcessBuilder(
            PYTHON, MANAGER.toString(), directory.resolve("notify").toString(), "2")
        .redirectError(log.toFile())
        .start();
    try (BufferedWriter orders = manager.outputWriter();
        BufferedReader answers = manager.inputReader()) {
      String service = "start "
          + (endedByGroup ? SETSID + "\t" : "")
          + String.join(
              "\t",
              Pd.command(
                  "run", "--store", "job", "--", "sh", "-c", "echo runs as $$.; exec sleep 1000"));
      ask(orders, answers, service);
      Await.until("the command runs", () -> text().contains("."));
      String line = text().strip();
      assertTrue(line.matches("runs as \\d+[.]"), line);
      long pid = Long.parseLong(line.replaceAll("\\D", ""));
      ProcessHandle command = ProcessHandle.of(pid).orElseThrow();
      // Where it has a lifeline, it is lost with a pd that is killed before that is stored too.
      boolean guarded = Platform.current().deathGuard() == DeathGuard.GUARDIAN;
      String names = guarded ? "job" + InheritedDescriptors.LIFELINE + ":job" : "job";
      Await.until("it is stored", () -> {
        try {
          return ask(orders, answers, "names").equals(names);
        } catch (IOException e) {
          throw new AssertionError(e);
        }
      });
      assertEquals("-9", ask(orders, answers, "kill"));
      String successor = ask(orders, answers, service);
      Await.until("pd takes the command over", () -> text().contains("took over job"));
      assertTrue(command.isAlive());
      Signal last = endedByGroup ? Signal.USR1 : Signal.TERM;
      if (endedByGroup) {
        // The command is in the group of the pd that was killed.
        assertEquals(0, signal(last, "-" + successor));
      } else {
        assertEquals(0, signal(last, Long.toString(pid)));
      }
      Await.until("the command ends", () -> !command.isAlive());
      boolean exact = Platform.current().has(Feature.STATUS_FOR_ANY_HOLDER);
      assertEquals(
          exact ? Integer.toString(128 + last.number()) : "125",
          ask(orders, answers, "wait"),
          text());
      assertEquals(1, text().split("runs as", -1).length - 1, text()); // It was not started again.
      assertEquals("", ask(orders, answers, "names"));
    } finally {
      manager.destroy();
    }
  }

  @Test
  void aStoreIsNeeded() throws Exception {
    Pd.Result result = Pd.run("run", "--store", "job", "--", "echo", "ran");
    assertEquals(125, result.code(), result.toString());
    assertEquals("", result.out());
    assertTrue(result.err().contains("FileDescriptorStoreMax"), result.toString());
    for (String other : new String[] {"--detach", "--tty", "--on-close=release"}) {
      assertEquals(64, Pd.run("run", "--store", "job", other, "--", "echo").code(), other);
    }
  }
}
