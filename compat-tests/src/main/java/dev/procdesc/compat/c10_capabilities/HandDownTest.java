package dev.procdesc.compat.c10_capabilities;

import static dev.procdesc.compat.support.Liveness.assertAlive;
import static dev.procdesc.compat.support.Liveness.assertDead;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.ClosedDescriptorException;
import dev.procdesc.DescriptorChannel;
import dev.procdesc.Feature;
import dev.procdesc.MissingRightException;
import dev.procdesc.OnClose;
import dev.procdesc.Platform;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.Right;
import dev.procdesc.SpawnException;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.UnsupportedFeatureException;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.ChildJvm;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Messages;
import dev.procdesc.compat.support.RawPipe;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Scenario;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Processes that a child inherits, and descriptors that it gets under a name. */
@ExtendWith(LeakCheck.class)
final class HandDownTest {
  private static final String ANNOUNCED =
      "echo \"$LISTEN_FDS|$LISTEN_FDNAMES|${LISTEN_PID-none}|${LISTEN_PIDFDID-none}\"";

  @BeforeEach
  void extraDescriptors() {
    Requires.feature(Feature.CHILD_SETUP);
  }

  @ParameterizedTest
  @EnumSource(
      value = OnClose.class,
      names = {"KILL", "KILL_GROUP"})
  @Contract({"C6", "C7", "C10"})
  void aChildThatInheritsAProcessIsAHolder(OnClose onClose) throws Exception {
    Requires.feature(Feature.KILL_ON_JVM_DEATH);
    if (onClose == OnClose.KILL_GROUP) {
      Requires.feature(Feature.KILL_GROUP);
    }
    try (RawPipe pipe = RawPipe.open()) {
      ChildProcess process =
          Run.staying(pipe).newProcessGroup().onClose(onClose).spawn();
      pipe.given();
      try (ChildProcess first = Run.cat().descriptor(5, Stdio.process(process)).spawn();
          ChildProcess second =
              Run.cat().passDescriptor("job", Stdio.process(process)).spawn()) {
        process.close();
        assertAlive(pipe);
        first.stdin().close();
        Run.end(first);
        assertAlive(pipe);
        second.kill(); // Its death is a close.
        assertDead(pipe);
      }
    }
  }

  @Test
  @Contract({"C6", "C10"})
  void aReceivedProcessCanBeHandedDown() throws Exception {
    Requires.feature(Feature.KILL_ON_JVM_DEATH);
    Requires.feature(Feature.DESCRIPTOR_CHANNEL);
    try (RawPipe pipe = RawPipe.open();
        DescriptorChannel.Pair pair = DescriptorChannel.pair()) {
      ChildProcess process = Run.spawnStaying(pipe);
      pair.first().send(new byte[] {1}, process);
      process.close();
      try (ChildProcess holder = hold(pair.second())) {
        assertAlive(pipe);
        holder.stdin().close();
        Run.end(holder);
        assertDead(pipe);
      }
    }
  }

  /** Receives a process, and hands it to a child as the only holder. */
  private static ChildProcess hold(DescriptorChannel channel) throws Exception {
    try (DescriptorChannel.Message message = Messages.receive(channel)) {
      return Run.cat()
          .descriptor(3, Stdio.process(message.descriptors().get(0)))
          .spawn();
    }
  }

  @Test
  @Contract({"C6", "C10"})
  void aSpawnThatFailsHandsNothingDown() throws Exception {
    Requires.feature(Feature.KILL_ON_JVM_DEATH);
    try (RawPipe pipe = RawPipe.open()) {
      ChildProcess process = Run.spawnStaying(pipe);
      Spawner missing = Spawner.of("/missing").descriptor(3, Stdio.process(process));
      assertThrows(SpawnException.class, () -> missing.spawn().close());
      assertAlive(pipe);
      assertAlive(process);
      process.close();
      assertDead(pipe);
    }
  }

  @Test
  @Contract({"C8", "C10"})
  void theNumberAfterAProcessIsThatOfItsLifeline() throws Exception {
    try (ChildProcess process = Run.cat().spawn()) {
      Stdio source = Stdio.process(process);
      Spawner spawner = Run.cat();
      assertThrows(
          IllegalArgumentException.class,
          () -> spawner.descriptor(5, source).descriptor(6, Stdio.nullDevice()));
      assertThrows(
          IllegalArgumentException.class,
          () -> spawner.descriptor(6, Stdio.nullDevice()).descriptor(5, source));
      assertThrows(
          IllegalArgumentException.class,
          () -> spawner.descriptor(5, source).descriptor(6, source));
      assertThrows(IllegalArgumentException.class, () -> spawner.stdin(source));
      assertThrows(IllegalArgumentException.class, () -> spawner.stdout(source));
      assertThrows(IllegalArgumentException.class, () -> spawner.descriptor(2, source));
      Spawner twice =
          spawner.descriptor(4, Stdio.nullDevice()).passDescriptor("a", Stdio.nullDevice());
      try (ChildProcess fits = twice.spawn()) {
        Run.assertEchoes(fits);
      }
      Spawner clash = twice.passDescriptor("b", Stdio.nullDevice());
      var refused =
          assertThrows(IllegalArgumentException.class, () -> clash.spawn().close());
      assertTrue(String.valueOf(refused.getMessage()).contains("descriptor 4"), refused.toString());
    }
  }

  @Test
  @Contract({"C8", "C9", "C10"})
  void theEnvironmentAnnouncesWhatWasPassed(@TempDir Path directory) throws Exception {
    Path one = Files.writeString(directory.resolve("one"), "first\n");
    Path two = Files.writeString(directory.resolve("two"), "second\n");
    Spawner spawner = Run.sh(ANNOUNCED + "; read a <&3; read b <&4; read c <&9; echo $a $b $c")
        .environment("LISTEN_PID", "1")
        .environment("LISTEN_PIDFDID", "1")
        .environment("LISTEN_FDS", "77")
        .descriptor(9, Stdio.fromFile(one))
        .passDescriptor("a name", Stdio.fromFile(one))
        .passDescriptor("", Stdio.fromFile(two));
    assertEquals("2|a name:|none|none\nfirst second first", Run.output(spawner));
    assertEquals(
        "2|a name:|none|none\nfirst second first",
        Run.output(spawner),
        "a spawner can be used again");
  }

  @Test
  @Contract({"C8", "C10"})
  void theLifelineHasANameToo() throws Exception {
    try (ChildProcess process = Run.cat().spawn()) {
      String output = Run.output(Run.sh(ANNOUNCED)
          .passDescriptor("job", Stdio.process(process))
          .passDescriptor("rest", Stdio.nullDevice()));
      assertTrue(
          output.equals("3|job:job.lifeline:rest|none|none")
              || output.equals("2|job:rest|none|none"),
          output);
    }
  }

  @Test
  @Contract({"C9", "C10"})
  void aShellTellsTheProgramThatItIsMeant() throws Exception {
    String recipe = "export LISTEN_PID=$$; exec \"$@\"";
    String program = "test \"$LISTEN_PID\" = $$ && test \"$LISTEN_FDS\" = 1 && echo meant";
    Spawner spawner =
        Run.sh(recipe, "/bin/sh", "-c", program).passDescriptor("null", Stdio.nullDevice());
    assertEquals("meant", Run.output(spawner));
  }

  @Test
  @Contract("C9")
  void namesAreThoseThatSystemdAccepts() throws Exception {
    try (ChildProcess process = Run.cat().spawn()) {
      Spawner spawner = Run.cat();
      for (String name : new String[] {"a:b", "a\n", "\u007F", "\u00e4", "x".repeat(256)}) {
        assertThrows(
            IllegalArgumentException.class,
            () -> spawner.passDescriptor(name, Stdio.nullDevice()),
            name);
      }
      spawner.passDescriptor("x".repeat(255), Stdio.nullDevice());
      spawner.passDescriptor("x".repeat(246), Stdio.process(process));
      assertThrows(
          IllegalArgumentException.class,
          () -> spawner.passDescriptor("x".repeat(247), Stdio.process(process)));
      assertThrows(IllegalArgumentException.class, () -> spawner.passDescriptor("x", Stdio.pipe()));
      assertThrows(
          IllegalArgumentException.class, () -> spawner.passDescriptor("x", Stdio.stdout()));
    }
  }

  @Test
  @Contract("C10")
  void toHandDownNeedsTheRightToSend() throws Exception {
    try (ChildProcess process = Run.cat().spawn();
        ProcessDescriptor mute = process.restrict(Right.SIGNAL);
        ProcessDescriptor weak = process.restrict(Right.SIGNAL, Right.SEND)) {
      Spawner spawner = Run.cat();
      assertThrows(
          MissingRightException.class,
          () -> spawner.descriptor(3, Stdio.process(mute)).spawn().close());
      assertThrows(
          MissingRightException.class,
          () -> spawner.passDescriptor("p", Stdio.process(mute)).spawn().close());
      Spawner weakly = spawner.descriptor(3, Stdio.process(weak));
      if (Platform.current().has(Feature.KERNEL_RIGHTS)) {
        weakly.spawn().close();
      } else {
        assertThrows(UnsupportedFeatureException.class, () -> weakly.spawn().close());
      }
      ProcessDescriptor closed = process.duplicate();
      closed.close();
      assertThrows(
          ClosedDescriptorException.class,
          () -> spawner.descriptor(3, Stdio.process(closed)).spawn().close());
      // What precedes the one that is refused is given back.
      assertThrows(
          ClosedDescriptorException.class,
          () -> spawner
              .passDescriptor("p", Stdio.process(process))
              .passDescriptor("q", Stdio.process(closed))
              .spawn()
              .close());
      Run.assertEchoes(process);
    }
  }

  @Test
  @Tag(Tags.JVM)
  @Contract({"C8", "C9"})
  void whatThisJvmWasToldIsNotInherited() {
    ChildJvm.of(Silent.class)
        .environment("LISTEN_FDS", "1")
        .environment("LISTEN_FDNAMES", "x")
        .environment("LISTEN_PID", "1")
        .environment("LISTEN_PIDFDID", "1")
        .run();
  }

  /** Starts children whose environment does not speak of the descriptors of this JVM. */
  public static final class Silent implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      assertEquals("||none|none", Run.output(Run.sh(ANNOUNCED)));
      assertEquals("5||none|none", Run.output(Run.sh(ANNOUNCED).environment("LISTEN_FDS", "5")));
      Spawner builder = Spawner.from(new ProcessBuilder("/bin/sh", "-c", ANNOUNCED));
      assertEquals("||none|none", Run.output(Run.piped(builder)));
    }
  }
}
