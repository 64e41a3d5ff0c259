package dev.procdesc.compat.c12_sandbox;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.DescriptorChannel;
import dev.procdesc.DescriptorOnly;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.OnClose;
import dev.procdesc.Platform;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.Signal;
import dev.procdesc.SpawnException;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Origin;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.ChildJvm;
import dev.procdesc.compat.support.Descriptors;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.RawPipe;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Scenario;
import dev.procdesc.compat.support.TinyProgram;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import jnr.constants.platform.Errno;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.platform.commons.support.ReflectionSupport;

/**
 * Tests a descriptor-only mode that refuses every name, in separate JVMs, because a JVM cannot
 * leave the mode.
 */
@ExtendWith(LeakCheck.class)
@Tag(Tags.JVM)
final class CapabilityModeTest {
  /** The errno ECAPMODE, which jnr-constants lacks. */
  private static final int ECAPMODE = 94;

  @Test
  @Contract({"C1", "C4", "C6", "C10", "C12"})
  @Origin("capsicum-test: Pdfork.DaemonUnrestricted")
  void operationsOnDescriptorsContinueToWork(@TempDir Path directory) throws Exception {
    DescriptorOnlyMode.requireEveryNameRefused();
    TinyProgram.write(directory.resolve("program"));
    ChildJvm.of(Works.class, directory.toString()).flag("-XX:-UsePerfData").run();
  }

  /** Spawns, waits, signals, sends and receives by descriptor, and is refused every name. */
  public static final class Works implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      Path directory = Path.of(arguments[0]);
      // Loads all classes now, because the mode refuses to open their files.
      ReflectionSupport.findAllClassesInPackage("dev.procdesc", each -> true, name -> true);
      int program = Descriptors.open(directory.resolve("program"));
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
  }

  private static void assertRefused(Spawner spawner, String... words) {
    SpawnException thrown =
        assertThrows(SpawnException.class, () -> spawner.spawn().close());
    assertEquals(ECAPMODE, thrown.errno(), thrown.toString());
    for (String each : words) {
      assertTrue(thrown.toString().contains(each), thrown::toString);
    }
  }

  @Test
  @Contract("C12")
  void ordinaryWorkContinues() {
    DescriptorOnlyMode.requireEveryNameRefused();
    ChildJvm.of(OrdinaryWork.class).flag("-XX:-UsePerfData").run();
  }

  @Test
  @Contract({"C1", "C8", "C9", "C12"})
  void aDynamicProgramIsExecutedThroughItsRuntimeLinker(@TempDir Path directory) throws Exception {
    DescriptorOnlyMode.requireEveryNameRefused();
    TinyProgram.writeNaming(directory.resolve("other"), 64, "/libexec/other.so.1");
    TinyProgram.writeNaming(directory.resolve("small"), 32, "/libexec/ld-elf.so.1");
    ChildJvm.of(Dynamic.class, directory.toString()).flag("-XX:-UsePerfData").run();
  }

  /** Executes an open shell, and is refused programs whose run-time linker was not opened. */
  public static final class Dynamic implements Scenario {
    private static final Path SHELL = Path.of("/bin/sh");
    private static final String LIBRARIES = "LD_LIBRARY_PATH_FDS";

    @Override
    public void run(String... arguments) throws Exception {
      Path directory = Path.of(arguments[0]);
      // Loads all classes now, because the mode refuses to open their files.
      ReflectionSupport.findAllClassesInPackage("dev.procdesc", each -> true, name -> true);
      int sh = Descriptors.open(SHELL);
      int other = Descriptors.open(directory.resolve("other"));
      int small = Descriptors.open(directory.resolve("small"));
      Platform.current().enterDescriptorOnlyMode();
      for (OnClose onClose : new OnClose[] {OnClose.KILL, OnClose.RELEASE}) {
        Spawner echo = Run.piped(Spawner.ofDescriptor(
            sh, "a name", "-c", "read line; echo \"$line\"; read line; exit 7"));
        try (ChildProcess child = echo.onClose(onClose).spawn()) {
          Run.assertEchoes(child);
          child.stdin().close();
          assertEquals(new Exited(7), Run.end(child));
          child.stdout().close();
        }
      }
      Spawner words = Run.piped(Spawner.ofDescriptor(
          sh, "a name", "-c", "printf '%s,' \"$0\" \"$@\" \"$KEY\"", "zeroth", "-f", "--", ""));
      assertEquals("zeroth,-f,--,,a value,", Run.output(words.environment("KEY", "a value")));
      assertEquals(
          "a name", Run.output(Run.piped(Spawner.ofDescriptor(sh, "a name", "-c", "echo $0"))));
      getsTheRequestedDescriptorsAndTheDirectories(sh);
      assertRefused(Run.piped(Spawner.ofDescriptor(other, "x")), "/libexec/other.so.1");
      assertRefused(Run.piped(Spawner.ofDescriptor(small, "x")), "/libexec/ld-elf32.so.1");
      SpawnException thrown = assertThrows(
          SpawnException.class,
          () -> Run.piped(Spawner.ofDescriptor(sh)).spawn().close());
      assertEquals(Errno.EINVAL.intValue(), thrown.errno(), thrown.toString());
    }

    /**
     * Asserts that the child has the requested descriptors and those of the library directories, as
     * far as a shell can name them: up to 9.
     */
    private static void getsTheRequestedDescriptorsAndTheDirectories(int sh) throws Exception {
      // The errors go to the null device, which the child has open: the mode refuses its name.
      String script = "echo \"$" + LIBRARIES + "\";"
          + " for fd in 0 1 2 3 4 5 6 7 8 9; do if ( : <&$fd ); then echo $fd; fi; done";
      Spawner lists = Run.piped(Spawner.ofDescriptor(sh, "sh", "-c", script));
      try (RawPipe pipe = RawPipe.open()) {
        List<String> lines =
            Run.output(lists.descriptor(4, pipe.writer())).lines().toList();
        List<String> directories = List.of(lines.get(0).split(":", -1));
        assertEquals("6", directories.get(0), "the number after 4 and after the program's");
        List<String> expected = new ArrayList<>(List.of("0", "1", "2", "4"));
        directories.stream().filter(number -> number.length() == 1).forEach(expected::add);
        assertEquals(expected, lines.subList(1, lines.size()));
        // The directories that the request names come first.
        String own = Run.output(lists.environment(LIBRARIES, "77"));
        assertTrue(own.startsWith("77:4:") || own.startsWith("77:4\n"), own);
      }
    }
  }
}
