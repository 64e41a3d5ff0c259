package dev.procdesc.compat.c10_capabilities;

import static dev.procdesc.compat.support.Liveness.assertAlive;
import static dev.procdesc.compat.support.Liveness.assertDead;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.AccessMode;
import dev.procdesc.ChildProcess;
import dev.procdesc.DescriptorChannel;
import dev.procdesc.DescriptorType;
import dev.procdesc.ExitStatus;
import dev.procdesc.Feature;
import dev.procdesc.InheritedDescriptor;
import dev.procdesc.InheritedDescriptors;
import dev.procdesc.LastClose;
import dev.procdesc.Platform;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Differences;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.ChildJvm;
import dev.procdesc.compat.support.Descriptors;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.RawPipe;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Scenario;
import dev.procdesc.compat.support.Text;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import jnr.constants.platform.Errno;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** JVMs that take the descriptors with which they were started. */
@ExtendWith(LeakCheck.class)
@Tag(Tags.JVM)
final class InheritTest {
  @BeforeEach
  void extraDescriptors() {
    Requires.feature(Feature.CHILD_SETUP);
  }

  /** Returns a spawner of a JVM that takes its descriptors. */
  private static Spawner jvm(Class<? extends Scenario> scenario, String... arguments) {
    return Spawner.of(ChildJvm.of(scenario, arguments).command())
        .stdin(Stdio.pipe())
        .stdout(Stdio.pipe())
        .stderr(Stdio.stdout());
  }

  /** Runs a JVM that must succeed. */
  private static void run(Spawner spawner) throws Exception {
    try (ChildProcess jvm = spawner.spawn()) {
      jvm.stdin().close();
      String output = Text.all(jvm.stdout());
      assertEquals(new ExitStatus.Exited(0), Run.end(jvm), output);
    }
  }

  @Test
  @Contract({"C6", "C8", "C10"})
  void whatWasPassedIsTakenByName(@TempDir Path directory) throws Exception {
    Requires.feature(Feature.DESCRIPTOR_CHANNEL);
    Path file = Files.writeString(directory.resolve("file"), "text");
    try (RawPipe pipe = RawPipe.open();
        RawPipe other = RawPipe.open();
        DescriptorChannel.Pair pair = DescriptorChannel.pair()) {
      ChildProcess process = Run.spawnStaying(pipe);
      Spawner spawner = jvm(Takes.class, Long.toString(process.pid()))
          .passDescriptor("file", Stdio.fromFile(file))
          .passDescriptor("job", Stdio.process(process))
          .passDescriptor("pipe", other.writer())
          .passDescriptor("socket", Stdio.descriptor(pair.first().fd()));
      try (ChildProcess jvm = spawner.spawn()) {
        process.close();
        assertEquals("taken", Text.line(jvm.stdout()));
        assertAlive(pipe);
        Text.send(jvm.stdin(), "close");
        assertDead(pipe);
        jvm.stdin().close();
        String output = Text.all(jvm.stdout());
        assertEquals(new ExitStatus.Exited(0), Run.end(jvm), output);
      }
    }
  }

  /** Takes a process and other descriptors, once. */
  public static final class Takes implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      boolean lifeline = InheritedDescriptors.announced().size() == 5;
      assertEquals(
          lifeline
              ? List.of("file", "job", "job.lifeline", "pipe", "socket")
              : List.of("file", "job", "pipe", "socket"),
          InheritedDescriptors.announced());
      InheritedDescriptors inherited = InheritedDescriptors.take();
      assertEquals(4, inherited.all().size(), inherited.toString());
      int pipe = lifeline ? 6 : 5;
      assertOther("file", 3, new DescriptorType.RegularFile(AccessMode.READ), inherited, 0);
      AccessMode writing =
          Differences.bothEndsOfPipesAreWritable() ? AccessMode.READ_WRITE : AccessMode.WRITE;
      assertOther("pipe", pipe, new DescriptorType.Pipe(writing), inherited, 2);
      DescriptorType socket = new DescriptorType.Socket(
          DescriptorType.Socket.Domain.UNIX, DescriptorType.Socket.Kind.SEQPACKET, false);
      assertOther("socket", pipe + 1, socket, inherited, 3);
      assertEquals(OptionalInt.of(3), inherited.fd("file"));
      assertEquals(OptionalInt.empty(), inherited.fd("job"));
      assertEquals(Optional.empty(), inherited.process("file"));
      for (int fd = 3; fd <= pipe + 1; fd++) {
        assertTrue(Descriptors.isCloseOnExec(fd), "descriptor " + fd);
      }
      ProcessDescriptor job = inherited.process("job").orElseThrow();
      assertEquals(Long.parseLong(arguments[0]), job.pid());
      assertEquals(4, job.fd());
      assertAlive(job);
      if (lifeline) {
        assertEquals(LastClose.KILLS, job.lastClose());
      }
      assertThrows(IllegalStateException.class, InheritedDescriptors::take);
      assertThrows(IllegalStateException.class, () -> ProcessDescriptor.of(4));
      try (DescriptorChannel channel = DescriptorChannel.of(pipe + 1)) {
        assertEquals(pipe + 1, channel.fd());
      }
      System.out.println("taken");
      assertEquals("close", Text.line(System.in));
      job.close();
      assertEquals(-1, System.in.read());
    }
  }

  private static void assertOther(
      String name, int fd, DescriptorType type, InheritedDescriptors inherited, int position) {
    assertEquals(new InheritedDescriptor.Other(name, fd, type), inherited.all().get(position));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "nothing was announced | ''",
        "another process is meant | LISTEN_PID=1; LISTEN_FDS=1; export LISTEN_PID LISTEN_FDS",
        "no descriptor | LISTEN_FDS=0; export LISTEN_FDS",
        "another inode is meant | LISTEN_PID=$$; LISTEN_PIDFDID=1; LISTEN_FDS=1;"
            + " export LISTEN_PID LISTEN_PIDFDID LISTEN_FDS",
      })
  @Contract({"C8", "C10"})
  void nothingIsTakenIf(String why, String script) throws Exception {
    if (script.contains("LISTEN_PIDFDID")) {
      Requires.feature(Feature.UNIQUE_IDENTITY);
    }
    run(shell(script, Nothing.class, why));
  }

  /** Returns a spawner of a JVM that a shell starts, after a script. */
  private static Spawner shell(
      String script, Class<? extends Scenario> scenario, String... arguments) {
    return Spawner.of(ChildJvm.of(scenario, arguments)
            .startedBy((script.equals("''") ? ":" : script) + "; exec \"$@\"")
            .command())
        .stdin(Stdio.pipe())
        .stdout(Stdio.pipe())
        .stderr(Stdio.stdout())
        .descriptor(3, Stdio.nullDevice());
  }

  /** Takes nothing, and may ask again. */
  public static final class Nothing implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      assertEquals(List.of(), InheritedDescriptors.announced(), arguments[0]);
      assertEquals(List.of(), InheritedDescriptors.take().all(), arguments[0]);
      assertEquals(List.of(), InheritedDescriptors.take().all(), arguments[0]);
      assertFalse(Descriptors.isCloseOnExec(3), "a descriptor that was not announced is unchanged");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "LISTEN_FDS=x | LISTEN_FDS=x",
        "LISTEN_FDS=-1 | LISTEN_FDS=-1",
        "LISTEN_FDS= | LISTEN_FDS=",
        "LISTEN_FDS=2147483647 | LISTEN_FDS=2147483647",
        "LISTEN_PID=me | LISTEN_FDS=1; LISTEN_PID=me",
        "LISTEN_FDNAMES=a:b | LISTEN_FDS=1; LISTEN_FDNAMES=a:b",
      })
  @Contract("C10")
  void aMalformedVariableIsNamed(String variable, String script) throws Exception {
    String export = "; export LISTEN_FDS; [ -z \"${LISTEN_PID-}\" ] || export LISTEN_PID;"
        + " [ -z \"${LISTEN_FDNAMES-}\" ] || export LISTEN_FDNAMES";
    run(shell(script + export, Malformed.class, variable));
  }

  /** Is told what is malformed. */
  public static final class Malformed implements Scenario {
    @Override
    public void run(String... arguments) {
      var refused = assertThrows(IllegalStateException.class, InheritedDescriptors::take);
      String text = String.valueOf(refused.getMessage());
      assertTrue(text.contains(arguments[0] + ", which is malformed"), text);
      assertThrows(IllegalStateException.class, InheritedDescriptors::announced);
      assertFalse(Descriptors.isCloseOnExec(3), "nothing is changed");
    }
  }

  @Test
  @Contract({"C8", "C10"})
  void aDescriptorThatIsNotOpenIsRefused() throws Exception {
    String script = "LISTEN_FDS=900; LISTEN_PID=$$; export LISTEN_FDS LISTEN_PID";
    run(shell(script, NotOpen.class));
  }

  /** Has one of the announced descriptors. */
  public static final class NotOpen implements Scenario {
    @Override
    public void run(String... arguments) {
      var refused = assertThrows(ProcessDescriptorException.class, InheritedDescriptors::take);
      assertEquals(Errno.EBADF.intValue(), refused.errno());
      assertFalse(Descriptors.isCloseOnExec(3), "nothing is changed");
    }
  }

  @ParameterizedTest
  @CsvSource({"true", "false"})
  @Contract({"C8", "C10"})
  void whatIsCloseOnExecWasNotInherited(boolean addressed) throws Exception {
    String script =
        "LISTEN_FDS=1; export LISTEN_FDS" + (addressed ? "; LISTEN_PID=$$; export LISTEN_PID" : "");
    run(shell(script, CloseOnExec.class, String.valueOf(addressed)));
  }

  /** Makes its descriptor close-on-exec, as one that a JVM has opened. */
  public static final class CloseOnExec implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      Descriptors.setCloseOnExec(3, true);
      if (Boolean.parseBoolean(arguments[0])) {
        assertEquals(
            List.of(new InheritedDescriptor.Other(
                "unknown", 3, new DescriptorType.Other("a character device"))),
            InheritedDescriptors.take().all());
        return;
      }
      var refused = assertThrows(IllegalStateException.class, InheritedDescriptors::take);
      String text = String.valueOf(refused.getMessage());
      assertTrue(text.contains("descriptor 3") && text.contains("LISTEN_PID"), text);
    }
  }

  @ParameterizedTest
  @CsvSource({"true,false", "false,false", "true,true"})
  @Contract({"C6", "C10"})
  void descriptorsOfAServiceManagerAreTaken(boolean named, boolean far) throws Exception {
    Requires.that(named || !far, "names, to find a lifeline that does not follow its process");
    try (RawPipe heart = RawPipe.open();
        RawPipe lifeline = RawPipe.open();
        ChildProcess process = Run.staying(heart).spawn()) {
      heart.given();
      // A process with a lifeline that is the test's: it shows when the JVM closes it.
      String script = "LISTEN_PID=$$; LISTEN_FDS=3; export LISTEN_PID LISTEN_FDS"
          + (named
              ? "; LISTEN_FDNAMES=" + (far ? "job.lifeline:rest:job" : "job:job.lifeline:rest")
                  + "; export LISTEN_FDNAMES"
              : "");
      Spawner spawner = Spawner.of(ChildJvm.of(Stored.class, named ? "job" : "unknown")
              .startedBy(script + "; exec \"$@\"")
              .command())
          .stdin(Stdio.pipe())
          .stdout(Stdio.pipe())
          .stderr(Stdio.stdout())
          .descriptor(far ? 5 : 3, Stdio.descriptor(process.fd()))
          .descriptor(far ? 3 : 4, lifeline.writer())
          .descriptor(far ? 4 : 5, Stdio.nullDevice());
      try (ChildProcess jvm = spawner.spawn()) {
        lifeline.given();
        assertEquals("taken", Text.line(jvm.stdout()));
        assertAlive(lifeline);
        Text.send(jvm.stdin(), "close");
        assertDead(lifeline);
        jvm.stdin().close();
        String output = Text.all(jvm.stdout());
        assertEquals(new ExitStatus.Exited(0), Run.end(jvm), output);
      }
    }
  }

  /** Takes a process with its lifeline, and another descriptor. */
  public static final class Stored implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      InheritedDescriptors inherited = InheritedDescriptors.take();
      assertEquals(2, inherited.all().size(), inherited.toString());
      ProcessDescriptor job = inherited.process(arguments[0]).orElseThrow();
      assertEquals(LastClose.KILLS, job.lastClose());
      System.out.println("taken");
      assertEquals("close", Text.line(System.in));
      job.close();
      assertEquals(-1, System.in.read());
    }
  }

  @Test
  @Contract("C10")
  void lifelinesThatMayBelongToSeveralProcessesAreRefused() throws Exception {
    try (ChildProcess one = Run.cat().spawn();
        RawPipe lifeline = RawPipe.open()) {
      String script = "LISTEN_PID=$$; LISTEN_FDS=3; LISTEN_FDNAMES=a:a.lifeline:a;"
          + " export LISTEN_PID LISTEN_FDS LISTEN_FDNAMES";
      Spawner spawner = Spawner.of(
              ChildJvm.of(Ambiguous.class).startedBy(script + "; exec \"$@\"").command())
          .stdin(Stdio.pipe())
          .stdout(Stdio.pipe())
          .stderr(Stdio.stdout());
      // The lifeline follows the first process, so it is its.
      run(spawner
          .descriptor(3, Stdio.descriptor(one.fd()))
          .descriptor(4, lifeline.writer())
          .descriptor(5, Stdio.descriptor(one.fd())));
      String other = script.replace("a:a.lifeline:a", "a.lifeline:a:a");
      run(Spawner.of(ChildJvm.of(Ambiguous.class, "refused")
              .startedBy(other + "; exec \"$@\"")
              .command())
          .stdin(Stdio.pipe())
          .stdout(Stdio.pipe())
          .stderr(Stdio.stdout())
          .descriptor(3, lifeline.writer())
          .descriptor(4, Stdio.descriptor(one.fd()))
          .descriptor(5, Stdio.descriptor(one.fd())));
      Run.assertEchoes(one);
    }
  }

  /** Has two processes of one name, and one lifeline. */
  public static final class Ambiguous implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      if (arguments.length > 0) {
        var refused = assertThrows(IllegalStateException.class, InheritedDescriptors::take);
        assertTrue(
            String.valueOf(refused.getMessage()).contains("2 processes are named a"),
            refused.toString());
        for (int fd = 3; fd <= 5; fd++) {
          assertTrue(Descriptors.isOpen(fd), "nothing is closed");
        }
        ProcessDescriptor.of(4, 3).close(); // And nothing is owned.
        return;
      }
      List<InheritedDescriptor> all = InheritedDescriptors.take().all();
      assertEquals(2, all.size());
      assertEquals(
          LastClose.KILLS,
          ((InheritedDescriptor.OfProcess) all.get(0)).descriptor().lastClose());
      if (Differences.lastCloseIsReported()
          && Platform.current().mechanisms().stream()
              .noneMatch(each -> each.present() && each.name().startsWith("autokill"))) {
        assertEquals(
            LastClose.RELEASES,
            ((InheritedDescriptor.OfProcess) all.get(1)).descriptor().lastClose());
      }
    }
  }
}
