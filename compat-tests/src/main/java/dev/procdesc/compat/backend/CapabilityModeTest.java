package dev.procdesc.compat.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.DescriptorChannel;
import dev.procdesc.DescriptorOnly;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.Feature;
import dev.procdesc.OnClose;
import dev.procdesc.Platform;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.Signal;
import dev.procdesc.SpawnException;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Differences;
import dev.procdesc.compat.Origin;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.ChildJvm;
import dev.procdesc.compat.support.Descriptors;
import dev.procdesc.compat.support.NothingLeft;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Scenario;
import dev.procdesc.compat.support.TinyProgram;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.platform.commons.support.ReflectionSupport;

/** A descriptor-only mode that refuses every name, in a JVM of its own: it cannot be left. */
@ExtendWith(NothingLeft.class)
@Tag(Tags.JVM)
final class CapabilityModeTest {
  /** ECAPMODE, which jnr-constants does not have. */
  private static final int ECAPMODE = 94;

  @Test
  @Contract({"C1", "C4", "C6", "C10", "C12"})
  @Origin("capsicum-test: Pdfork.DaemonUnrestricted")
  void allThatGoesByDescriptorGoesOn(@TempDir Path directory) throws Exception {
    Requires.feature(Feature.DESCRIPTOR_ONLY_MODE);
    Requires.feature(Feature.SPAWN_BY_DESCRIPTOR);
    Requires.that(
        Differences.descriptorOnlyModeRefusesEveryName(), "a mode that refuses every name");
    TinyProgram.write(directory.resolve("program"));
    ChildJvm.of(Works.class, directory.toString()).flag("-XX:-UsePerfData").run();
  }

  /** Spawns, waits, signals, sends, receives; and is refused what goes by name. */
  public static final class Works implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      Path directory = Path.of(arguments[0]);
      // All that Java loads, it loads before.
      ReflectionSupport.findAllClassesInPackage("dev.procdesc", each -> true, name -> true);
      int program = Descriptors.open(directory.resolve("program"));
      int dynamic = Descriptors.open(Path.of("/bin/sh"));
      ChildProcess earlier = Run.cat().spawn();
      ChildProcess other = Run.cat().spawn();
      Platform platform = Platform.current();
      platform.enterDescriptorOnlyMode();
      platform.enterDescriptorOnlyMode();
      for (DescriptorOnly each : DescriptorOnly.values()) {
        assertTrue(platform.inDescriptorOnlyMode(each));
      }
      Run.assertEchoes(earlier);
      for (OnClose onClose : new OnClose[] {OnClose.KILL, OnClose.RELEASE}) {
        Spawner tiny = Run.piped(Spawner.ofDescriptor(program, "program"));
        try (ChildProcess child =
            tiny.stderr(Stdio.nullDevice()).onClose(onClose).spawn()) {
          assertEquals(-1, child.stdout().read());
          assertEquals(new Exited(TinyProgram.EXIT_CODE), Run.end(child));
          assertEquals(new Exited(TinyProgram.EXIT_CODE), child.onExit().join());
          assertFalse(child.kill());
          child.stdin().close();
          child.stdout().close();
        }
      }
      assertRefused(Run.piped(Spawner.of("/bin/cat")));
      assertRefused(Run.piped(Spawner.ofDescriptor(dynamic, "sh", "-c", "exit 0")));
      assertRefused(Run.piped(Spawner.ofDescriptor(program, "program").newProcessGroup()));
      var thrown = assertThrows(
          ProcessDescriptorException.class,
          () -> DescriptorChannel.listen(directory.resolve("socket")));
      assertEquals(ECAPMODE, thrown.errno());
      try (DescriptorChannel.Pair pair = DescriptorChannel.pair()) {
        pair.first().send(new byte[] {1}, earlier);
        try (var message = pair.second().receive()) {
          ProcessDescriptor received = message.descriptors().get(0);
          var end = received.onExit();
          assertTrue(received.kill());
          assertEquals(Run.signaled(Signal.KILL), end.join());
        }
      }
      assertEquals(Run.signaled(Signal.KILL), Run.end(earlier));
      earlier.close();
      assertTrue(other.signal(Signal.TERM));
      assertEquals(Run.signaled(Signal.TERM), other.waitFor());
      other.close();
    }

    private static void assertRefused(Spawner spawner) {
      SpawnException thrown =
          assertThrows(SpawnException.class, () -> spawner.spawn().close());
      assertEquals(ECAPMODE, thrown.errno(), thrown.toString());
    }
  }
}
