package dev.procdesc.compat.c09_start;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.Feature;
import dev.procdesc.Signal;
import dev.procdesc.SpawnException;
import dev.procdesc.Spawner;
import dev.procdesc.StateChange;
import dev.procdesc.Stdio;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Differences;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.ChildJvm;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.PseudoTerminal;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Scenario;
import dev.procdesc.compat.support.Text;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import jnr.constants.platform.Errno;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Tests the hand-over of a terminal to a child, and the way back. The JVM under test is a job of a
 * shell with job control on a pseudo terminal, so that it is stopped where a program would be that
 * a user starts: the shell then prints 128 plus the number of the signal.
 */
@ExtendWith(LeakCheck.class)
final class ForegroundTest {
  private static final String STOP_KEY = "\32"; // Ctrl-Z
  private static final String END_KEY = "\4"; // Ctrl-D

  private Optional<PseudoTerminal> opened = Optional.empty();

  @BeforeEach
  void open() {
    Requires.feature(Feature.CHILD_SETUP);
    opened = Optional.of(new PseudoTerminal());
  }

  @AfterEach
  void close() {
    opened.ifPresent(PseudoTerminal::close);
  }

  private PseudoTerminal pty() {
    return opened.orElseThrow();
  }

  /** Starts a shell that runs the scenario by {@code "$@"}. */
  private ChildProcess shell(String script, Class<? extends Scenario> scenario) throws IOException {
    String[] command = ChildJvm.of(scenario).command().toArray(String[]::new);
    return Run.ordinary(
            Run.sh("set -m; " + script, command).stdin(pty().terminal()).controllingTerminal(0))
        .spawn();
  }

  private ChildProcess job(Class<? extends Scenario> scenario) throws IOException {
    return shell("\"$@\"; echo shell $?", scenario);
  }

  private void converse(Class<? extends Scenario> scenario, String... typedAndPrinted)
      throws Exception {
    try (ChildProcess shell = job(scenario)) {
      assertEquals("ready", Text.line(shell.stdout()));
      for (int i = 0; i < typedAndPrinted.length; i += 2) {
        pty().type(typedAndPrinted[i]);
        assertEquals(typedAndPrinted[i + 1], Text.line(shell.stdout()));
      }
      assertEquals("shell 0", Text.line(shell.stdout()));
      assertEquals(new Exited(0), Run.end(shell));
    }
  }

  /** A child that shares the standard streams of the JVM. */
  private static Spawner child(String script) {
    return Run.ordinary(Spawner.of("/bin/sh", "-c", script)).foreground(0);
  }

  private static final String READER = "read -r line; echo \"child $line\"";

  private static void say(String line) {
    System.out.println(line);
    System.out.flush();
  }

  /** Reads a line of the terminal, which stops a JVM in the background. */
  private static void answer() throws IOException {
    say("jvm " + Text.line(System.in));
  }

  @Test
  @Tag(Tags.PIDS)
  @Tag(Tags.JVM)
  @Contract("C9")
  void theChildReadsTheTerminalAndTheJvmReadsOn() throws Exception {
    converse(ReadsOn.class, "one\n", "child one", "two\n", "jvm two");
  }

  /** Runs in a JVM that is a job. */
  public static final class ReadsOn implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      try (ChildProcess child = child(READER).newProcessGroup().spawn()) {
        say("ready");
        child.waitFor();
      }
      answer();
    }
  }

  @Test
  @Tag(Tags.PIDS)
  @Tag(Tags.JVM)
  @Contract("C9")
  void theTerminalComesBackAlsoIfNobodyWaits() throws Exception {
    converse(NobodyWaits.class, "one\n", "child one", "two\n", "jvm two");
  }

  /** Runs in a JVM that is a job. */
  public static final class NobodyWaits implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      try (ChildProcess child = child(READER + " >&2; echo end")
              .newProcessGroup()
              .stdout(Stdio.pipe())
              .stderr(Stdio.descriptor(1))
              .spawn();
          var output = child.stdout()) {
        say("ready");
        assertEquals("end", Text.all(output));
        // The library's watcher sees the end. Until then a read of this JVM would stop it.
        while (child.isAlive()) {
          Thread.onSpinWait();
        }
      }
      answer();
    }
  }

  @Test
  @Tag(Tags.PIDS)
  @Tag(Tags.JVM)
  @Contract("C9")
  void aChildInTheGroupOfTheJvmSharesTheTerminal() throws Exception {
    converse(SharesGroup.class, "one\n", "child one", "two\n", "jvm two");
  }

  /** Runs in a JVM that is a job. */
  public static final class SharesGroup implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      try (ChildProcess child = child(READER).spawn()) {
        say("ready");
        child.waitFor();
        assertFalse(child.foreground());
      }
      answer();
    }
  }

  @Test
  @Tag(Tags.PIDS)
  @Tag(Tags.JVM)
  @Contract("C9")
  void aSpawnThatFailsLeavesTheTerminalWithTheJvm() throws Exception {
    converse(Fails.class, "two\n", "jvm two");
  }

  /** Runs in a JVM that is a job. */
  public static final class Fails implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      Spawner missing = Run.ordinary(Spawner.of("/nonexistent/program"));
      SpawnException failure =
          assertThrows(SpawnException.class, missing.newProcessGroup().foreground(0)::spawn);
      assertEquals(SpawnException.Step.EXECUTE, failure.step());
      say("ready");
      answer();
    }
  }

  @Test
  @Tag(Tags.PIDS)
  @Tag(Tags.JVM)
  @Contract("C9")
  void theTerminalComesBackWithTheLastChildOfAGroup() throws Exception {
    converse(Pipeline.class, "one\n", "child one", "two\n", "jvm two");
  }

  /** Runs in a JVM that is a job. */
  public static final class Pipeline implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      try (ChildProcess first = child("read -r line <&3")
              .descriptor(3, Stdio.pipeToChild())
              .newProcessGroup()
              .spawn();
          ChildProcess second = child(READER).processGroup((int) first.pid()).spawn()) {
        first.pipeTo(3).close();
        first.waitFor();
        say("ready");
        second.waitFor();
      }
      answer();
    }
  }

  @Test
  @Tag(Tags.PIDS)
  @Tag(Tags.JVM)
  @Contract("C9")
  void aStoppedChildGivesTheTerminalBackAndMayGetItAgain() throws Exception {
    Requires.feature(Feature.STATE_CHANGES);
    converse(
        Stops.class,
        STOP_KEY,
        "stopped",
        "fg\n",
        "jvm fg",
        "one\n",
        "one",
        END_KEY,
        "Exited[code=0]",
        "two\n",
        "jvm two");
  }

  /** Runs in a JVM that is a job. */
  public static final class Stops implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      try (ChildProcess child =
          Run.ordinary(Spawner.of("/bin/cat")).newProcessGroup().foreground(0).spawn()) {
        CountDownLatch stopped = new CountDownLatch(1);
        try (var listening = child.onStateChange(change -> {
          if (change instanceof StateChange.Stopped) {
            stopped.countDown();
          }
        })) {
          assertNotNull(listening);
          say("ready");
          if (!Differences.keysStopChildren()) {
            child.signal(Signal.STOP);
          }
          stopped.await();
        }
        say("stopped");
        answer();
        assertTrue(child.foreground());
        assertTrue(child.signal(Signal.CONT));
        say(child.waitFor().toString());
      }
      answer();
    }
  }

  @Test
  @Tag(Tags.PIDS)
  @Tag(Tags.KILLS)
  @Tag(Tags.JVM)
  @Contract("C9")
  void theModesAreRestoredAfterAChildThatWasKilled() throws Exception {
    converse(Modes.class, "", "changed", "", "restored", "", "kept");
  }

  /** Runs in a JVM that is a job. */
  public static final class Modes implements Scenario {
    private static String modes() throws Exception {
      return Run.output(Run.sh("stty -g <&3").descriptor(3, Stdio.descriptor(0)));
    }

    @Override
    public void run(String... arguments) throws Exception {
      String before = modes();
      say("ready");
      Spawner spawner = child("stty raw -echo; echo changed; kill -KILL $$").newProcessGroup();
      try (ChildProcess child = spawner.spawn()) {
        assertEquals(Run.signaled(Signal.KILL), child.waitFor());
      }
      String after = modes();
      say(after.equals(before) ? "restored" : after);
      try (ChildProcess child = child("stty -echo").newProcessGroup().spawn()) {
        assertEquals(new Exited(0), child.waitFor());
      }
      say(modes().equals(before) ? "lost" : "kept");
    }
  }

  @Test
  @Tag(Tags.PIDS)
  @Tag(Tags.JVM)
  @Contract("C9")
  void aJvmInTheBackgroundTakesTheTerminalFromNoOtherJob() throws Exception {
    try (ChildProcess shell =
        shell("\"$@\" & read -r line; echo \"shell $line\"; wait", Background.class)) {
      assertEquals("ready", Text.line(shell.stdout()));
      assertEquals(shell.pid(), pty().foreground());
      pty().type("one\n");
      assertEquals("shell one", Text.line(shell.stdout()));
      assertEquals(new Exited(0), Run.end(shell));
    }
  }

  /** Runs in a JVM that is a job in the background. */
  public static final class Background implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      try (ChildProcess child = child("read -r line <&3")
          .descriptor(3, Stdio.pipeToChild())
          .newProcessGroup()
          .spawn()) {
        assertFalse(child.foreground());
        say("ready");
        child.pipeTo(3).close();
        child.waitFor();
        assertFalse(child.foreground());
      }
    }
  }

  @Test
  @Contract("C9")
  void anotherTerminalIsEnotty() {
    Spawner spawner = Run.cat().stdin(pty().terminal()).newProcessGroup().foreground(0);
    SpawnException failure = assertThrows(SpawnException.class, spawner::spawn);
    assertEquals(SpawnException.Step.SESSION, failure.step());
    assertEquals(Errno.ENOTTY.intValue(), failure.errno());
  }

  @Test
  @Contract("C9")
  void aChildWithoutAHandOverHasNoTerminal() throws Exception {
    try (ChildProcess child = Run.ordinary(Run.cat()).spawn()) {
      assertThrows(IllegalStateException.class, child::foreground);
      child.stdin().close();
      Run.end(child);
    }
  }
}
