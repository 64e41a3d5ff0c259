package dev.procdesc.compat.c09_start;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.CompletedProcess;
import dev.procdesc.ExitStatus;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.Feature;
import dev.procdesc.OutputSubscribers;
import dev.procdesc.PipeSubscriber;
import dev.procdesc.Platform;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.ProcessScope;
import dev.procdesc.RunOptions;
import dev.procdesc.Signal;
import dev.procdesc.SpawnException;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.TerminalSize;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Libc;
import dev.procdesc.compat.support.PseudoTerminal;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Text;
import dev.procdesc.testing.Await;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.SubmissionPublisher;
import jnr.constants.platform.Errno;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Tests children on a terminal that the library opens for them. */
@ExtendWith(LeakCheck.class)
final class ChildTerminalTest {
  private static final TerminalSize SIZE = new TerminalSize(80, 24);

  /** The echo of the end-of-file character, which FreeBSD shows and erases. */
  private static final String EOF_ECHO = "^D\b\b";

  @BeforeEach
  void needsScripts() {
    Requires.feature(Feature.CHILD_SETUP);
  }

  private static Spawner sh(String script) {
    return Spawner.of("/bin/sh", "-c", script).terminal(SIZE);
  }

  private static Spawner cat() {
    return Spawner.of("/bin/cat").terminal(SIZE);
  }

  /** Returns the next line on the screen. */
  private static String line(ChildProcess child) throws IOException {
    return Text.line(child.stdout()).stripTrailing();
  }

  /** Returns the rest of the screen. */
  private static String screen(ChildProcess child) throws IOException {
    return new String(child.stdout().readAllBytes(), StandardCharsets.UTF_8).replace(EOF_ECHO, "");
  }

  private static void type(ChildProcess child, String text) throws IOException {
    child.stdin().write(text.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  @Contract("C9")
  void theStandardDescriptorsAreTheTerminal() throws Exception {
    try (ChildProcess child =
        sh("test -t 0 && test -t 1 && test -t 2 && exec tty").spawn()) {
      assertTrue(child.hasTerminal());
      assertTrue(line(child).startsWith("/dev/"));
      assertEquals("", screen(child), "the end of file");
      assertEquals(-1, child.stdout().read(), "it stays");
      assertEquals(new Exited(0), Run.end(child));
    }
  }

  @Test
  @Contract("C8")
  void theChildHasNoOtherDescriptor() throws Exception {
    String script = "for fd in 3 4 5 6 7 8 9; do if (: >&$fd) 2>/dev/null; then echo $fd; fi; done";
    try (ChildProcess child = sh(script).spawn()) {
      assertEquals("", screen(child));
    }
  }

  @Test
  @Tag(Tags.PIDS)
  @Contract("C9")
  void theChildLeadsTheSessionOfTheTerminal() throws Exception {
    try (ChildProcess child = sh("echo there >/dev/tty; exec sleep 1000").spawn()) {
      assertEquals("there", line(child));
      assertEquals(child.pid(), Libc.C.getsid((int) child.pid()));
    }
  }

  @Test
  @Contract("C9")
  void theChildFindsTheSize() throws Exception {
    TerminalSize size = new TerminalSize(132, 43);
    try (ChildProcess child = Spawner.of("stty", "size").terminal(size).spawn()) {
      assertEquals(Optional.of(size), child.terminal().size());
      assertEquals("43 132\r\n", screen(child));
    }
  }

  @Test
  @Tag(Tags.PIDS)
  @Contract("C9")
  void aResizeSendsSigwinch() throws Exception {
    String script = "n=0; trap 'stty size; n=$((n+1))' WINCH; echo ready;"
        + " until [ $n = 2 ]; do :; done; read -r line; echo $line";
    try (ChildProcess child = sh(script).spawn()) {
      assertEquals("ready", line(child));
      assertTrue(child.terminal().resize(new TerminalSize(65_535, 1)));
      assertEquals("1 65535", line(child));
      assertTrue(child.terminal().resize(SIZE));
      assertEquals("24 80", line(child));
      assertEquals(Optional.of(SIZE), child.terminal().size());
      type(child, "end\n");
      assertEquals("end\r\nend\r\n", screen(child));
      assertEquals(new Exited(0), Run.end(child));
    }
  }

  @Test
  @Tag(Tags.PIDS)
  @Contract("C9")
  void theChildMayResizeToo() throws Exception {
    try (ChildProcess child = sh("stty rows 7 cols 9; echo done; read line").spawn()) {
      assertEquals("done", line(child));
      assertEquals(Optional.of(new TerminalSize(9, 7)), child.terminal().size());
    }
  }

  @Test
  @Contract("C9")
  void theInterruptKeyBecomesSigint() throws Exception {
    try (ChildProcess child = cat().spawn()) {
      type(child, "\3");
      assertEquals(Run.signaled(Signal.INT), Run.end(child));
      assertEquals("^C", screen(child));
    }
  }

  @Test
  @Contract("C9")
  void theEndOfFileIsTyped() throws Exception {
    try (ChildProcess child = cat().spawn()) {
      assertEquals(OptionalInt.of(4), child.terminal().endOfFileCharacter());
      type(child, "line\npart");
      child.terminal().sendEndOfFile(); // Ends the line.
      child.terminal().sendEndOfFile();
      assertEquals(new Exited(0), Run.end(child));
      assertTrue(screen(child).endsWith("part"));
    }
  }

  @Test
  @Tag(Tags.PIDS)
  @Contract("C9")
  void theChildMayChangeTheEndOfFile() throws Exception {
    String script = "stty eof '^E'; echo one; read a; stty raw; echo raw; exec cat";
    try (ChildProcess child = sh(script).spawn()) {
      assertEquals("one", line(child));
      assertEquals(OptionalInt.of(5), child.terminal().endOfFileCharacter());
      type(child, "\n");
      assertEquals("", line(child), "the echo");
      assertEquals("raw", line(child));
      assertEquals(OptionalInt.empty(), child.terminal().endOfFileCharacter());
      assertThrows(IllegalStateException.class, () -> child.terminal().sendEndOfFile());
    }
  }

  @Test
  @Contract("C9")
  void allOfTheOutputIsReadBeforeTheEndOfFile() throws Exception {
    String script = "i=0; while [ $i -lt 5000 ]; do echo line $i; i=$((i + 1)); done";
    StringBuilder expected = new StringBuilder();
    for (int i = 0; i < 5000; i++) {
      expected.append("line ").append(i).append("\r\n");
    }
    try (ChildProcess child = sh(script).spawn()) {
      assertEquals(expected.toString(), screen(child));
      assertEquals(new Exited(0), Run.end(child));
    }
  }

  @Test
  @Contract("C9")
  void aTerminalWithoutAChildIsNotWritten() throws Exception {
    try (ChildProcess child = sh("exit 3").spawn()) {
      assertEquals(new Exited(3), Run.end(child));
      ProcessDescriptorException failure = assertThrows(
          ProcessDescriptorException.class, () -> child.stdin().write(new byte[1_000_000]));
      assertEquals(Errno.EPIPE.intValue(), failure.errno());
      assertEquals("", screen(child));
      Await.until("it is closed", () -> child.terminal().size().isEmpty());
      assertFalse(child.terminal().resize(SIZE));
      assertEquals(OptionalInt.empty(), child.terminal().endOfFileCharacter());
    }
  }

  @Test
  @Tag(Tags.PIDS)
  @Contract("C9")
  void aWriteThatWaitsEndsWithTheChild() throws Exception {
    try (ChildProcess child = sh("stty raw -echo; echo ready; exec sleep 1000").spawn()) {
      assertEquals("ready", line(child));
      var writing = Await.start(() -> {
        child.stdin().write(new byte[1_000_000]); // More than the terminal takes.
        return "written";
      });
      child.kill();
      Throwable failure = Await.thrown(writing.result());
      assertEquals(
          Errno.EPIPE.intValue(),
          assertInstanceOf(ProcessDescriptorException.class, failure).errno());
    }
  }

  @Test
  @Contract("C9")
  void aCloseEndsARead() throws Exception {
    try (ChildProcess child = cat().spawn()) {
      var reading = Await.start(() -> child.stdout().read());
      Await.inside(reading.thread(), "poll");
      child.stdout().close();
      assertInstanceOf(AsynchronousCloseException.class, Await.thrown(reading.result()));
      assertEquals(Optional.of(SIZE), child.terminal().size(), "the other stream is open");
    }
  }

  @Test
  @Contract("C9")
  @SuppressWarnings("try") // The test closes a resource before the block ends.
  void theStreamsNeedNoThreadThatWaits() throws Exception {
    List<String> lines = new ArrayList<>();
    try (ChildProcess child = cat().spawn();
        SubmissionPublisher<ByteBuffer> keyboard = new SubmissionPublisher<>(Runnable::run, 4)) {
      PipeSubscriber screen = OutputSubscribers.ofLines(text -> lines.add(text.strip()));
      child.stdout().publisher(Runnable::run).subscribe(screen);
      PipeSubscriber typing = child.stdin().subscriber(Runnable::run);
      keyboard.subscribe(typing);
      keyboard.submit(ByteBuffer.wrap("hello\n\4".getBytes(StandardCharsets.UTF_8)));
      keyboard.close();
      Await.get(typing.completion());
      Await.get(screen.completion());
      assertEquals(new Exited(0), Run.end(child));
    }
    lines.replaceAll(text -> text.replace(EOF_ECHO, ""));
    assertEquals(List.of("hello", "hello"), lines.subList(0, 2));
  }

  @Test
  @Contract("C9")
  void theCloseOfBothStreamsHangsUp() throws Exception {
    try (ChildProcess child = sh("read line; echo got $line; exec cat").spawn()) {
      type(child, "one\n");
      child.stdin().close();
      assertEquals("one", line(child), "the echo");
      assertEquals("got one", line(child), "the child does not notice the close of one");
      assertTrue(child.terminal().resize(new TerminalSize(1, 2)));
      child.stdout().close();
      assertEquals(Run.signaled(Signal.HUP), Run.end(child));
      assertFalse(child.terminal().resize(SIZE));
    }
  }

  @Test
  @Contract("C9")
  void theEndOfFileDoesNotHangUp() throws Exception {
    String script = "exec <&- >&- 2>&-; read -r line <&3; exit 7";
    try (ChildProcess child = sh(script).descriptor(3, Stdio.pipeToChild()).spawn()) {
      assertEquals("", screen(child));
      child.stdin().close();
      child.pipeTo(3).write('\n');
      assertEquals(new Exited(7), Run.end(child));
    }
  }

  @Test
  @Contract("C6")
  void theCloseKills() throws Exception {
    CompletableFuture<ExitStatus> end;
    try (ChildProcess child = sh("trap '' HUP; echo ready; exec sleep 1000").spawn()) {
      assertEquals("ready", line(child));
      end = child.onExit();
    }
    assertEquals(Run.signaled(Signal.KILL), Await.get(end));
  }

  @Test
  @Contract("C6")
  void theCloseOfAScopeKills() throws Exception {
    CompletableFuture<ExitStatus> end;
    try (ProcessScope scope = ProcessScope.open()) {
      ChildProcess child = scope.spawn(sh("trap '' HUP; echo ready; exec sleep 1000"));
      assertEquals("ready", line(child));
      end = child.onExit();
    }
    assertEquals(Run.signaled(Signal.KILL), Await.get(end));
  }

  @Test
  @Contract({"C8", "C9"})
  void itsStreamsAreNotForOtherChildren() throws Exception {
    try (ChildProcess child = cat().spawn()) {
      Spawner reader = Spawner.of("/bin/cat").stdin(Stdio.from(child.stdout()));
      Spawner writer = Spawner.of(Run.TRUE).stdout(Stdio.to(child.stdin()));
      assertThrows(IllegalStateException.class, reader::spawn);
      assertThrows(IllegalStateException.class, writer::spawn);
      type(child, "still used\n");
      assertEquals("still used", line(child));
    }
  }

  @Test
  @Contract("C8")
  void manyTerminalsLeaveNothing() throws Exception {
    for (int round = 0; round < 200; round++) {
      try (ChildProcess child = Spawner.of(Run.TRUE).terminal(SIZE).spawn()) {
        assertEquals("", screen(child));
        assertEquals(new Exited(0), Run.end(child));
      }
    }
  }

  @Test
  @Contract("C8")
  void aFailedSpawnLeavesNothing() {
    SpawnException failure = assertThrows(
        SpawnException.class,
        () -> Spawner.of("/no/such/program").terminal(SIZE).spawn());
    assertEquals(Errno.ENOENT.intValue(), failure.errno());
  }

  @Test
  @Contract("C9")
  void aRunTypesItsInputAndCapturesTheScreen() throws Exception {
    CompletedProcess bytes = cat().run(RunOptions.defaults().input("x\n"));
    assertEquals("x\r\nx\r\n", bytes.orThrow().stdoutText().replace(EOF_ECHO, ""));
    CompletedProcess stream =
        cat().run(RunOptions.defaults().input(new ByteArrayInputStream(new byte[] {'y', '\n'})));
    assertEquals("y\r\ny\r\n", stream.orThrow().stdoutText().replace(EOF_ECHO, ""));
    CompletedProcess none = cat().run();
    assertEquals("", none.orThrow().stdoutText().replace(EOF_ECHO, ""));
    assertEquals("", none.stderrText());
  }

  @Test
  @Contract("C9")
  void aRunMayReadAFile(@TempDir Path directory) throws Exception {
    Path file = java.nio.file.Files.writeString(directory.resolve("input"), "text\n");
    CompletedProcess run =
        sh("test ! -t 0 && test -t 1 && exec cat").run(RunOptions.defaults().input(file));
    assertEquals("text\r\n", run.orThrow().stdoutText());
  }

  @Test
  @Contract("C9")
  void eachDescriptorMayBeRedirected() throws Exception {
    String onTerminal =
        "for fd in 0 1 2; do test -t $fd && printf $fd >/dev/tty; done; echo err >&2";
    try (ChildProcess child = sh(onTerminal).stderr(Stdio.pipe()).spawn()) {
      assertEquals("01", screen(child));
      assertEquals("err", Text.all(child.stderr()));
    }
    try (ChildProcess child = sh(onTerminal).stdin(Stdio.nullDevice()).spawn()) {
      assertFalse(child.hasPipe(0));
      assertEquals("12err\r\n", screen(child));
    }
    try (ChildProcess child = sh(onTerminal).stdout(Stdio.nullDevice()).spawn()) {
      assertEquals("02err\r\n", Text.all(child.stderr()).stripTrailing() + "\r\n");
    }
    try (ChildProcess child = sh(onTerminal)
        .stdin(Stdio.nullDevice())
        .stdout(Stdio.nullDevice())
        .stderr(Stdio.nullDevice())
        .spawn()) {
      assertFalse(child.hasTerminal());
      assertThrows(IllegalStateException.class, child::terminal);
      Run.end(child);
    }
  }

  @Test
  @Tag(Tags.PIDS)
  @Contract("C9")
  void theTerminalMayBeLikeAnotherOne() throws Exception {
    try (PseudoTerminal own = new PseudoTerminal()) {
      assertEquals(
          "", Run.output(Run.sh("stty rows 11 cols 33 -echo <&3").descriptor(3, own.terminal())));
      assertEquals(
          Optional.of(new TerminalSize(33, 11)), Platform.current().terminalSize(own.fd()));
      try (ChildProcess child = Spawner.of("/bin/cat").terminalLike(own.fd()).spawn()) {
        assertEquals(Optional.of(new TerminalSize(33, 11)), child.terminal().size());
        type(child, "once\n\4");
        assertEquals("once\r\n", screen(child), "it has no echo");
      }
    }
  }

  @Test
  @Contract("C9")
  void onlyATerminalHasASizeToCopy() throws Exception {
    try (ChildProcess child = Run.cat().spawn()) {
      assertEquals(Optional.empty(), Platform.current().terminalSize(child.fd()));
      SpawnException failure = assertThrows(
          SpawnException.class,
          () -> Spawner.of(Run.TRUE).terminalLike(child.fd()).spawn());
      assertEquals(Errno.ENOTTY.intValue(), failure.errno());
      assertEquals(SpawnException.Step.PREPARE, failure.step());
    }
  }

  @Test
  @Contract("C9")
  void aSizeIsInRange() {
    assertThrows(IllegalArgumentException.class, () -> new TerminalSize(-1, 1));
    assertThrows(IllegalArgumentException.class, () -> new TerminalSize(1, 65_536));
  }
}
