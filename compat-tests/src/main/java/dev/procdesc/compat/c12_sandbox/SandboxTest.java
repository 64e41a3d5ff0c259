package dev.procdesc.compat.c12_sandbox;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.Feature;
import dev.procdesc.OnClose;
import dev.procdesc.Platform;
import dev.procdesc.SpawnException;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.ChildJvm;
import dev.procdesc.compat.support.Descriptors;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Libc;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Scenario;
import dev.procdesc.compat.support.TinyProgram;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.platform.commons.support.ReflectionSupport;

/** Tests spawns in an empty root directory; {@link MechanismsTest} adds a seccomp filter. */
@ExtendWith(LeakCheck.class)
final class SandboxTest {
  @TempDir
  Path directory;

  @Test
  @Tag(Tags.JVM)
  @Contract("C12")
  void aSpawnNeedsNoFileSystem() throws Exception {
    Requires.root();
    Requires.launchWithoutNames();
    TinyProgram.write(directory.resolve("program"));
    ChildJvm.of(EmptyRoot.class, directory.toString()).run();
  }

  /**
   * Spawns in a root directory that holds a single file: no /proc, no /dev, no shell, no library,
   * and no temporary directory.
   */
  public static final class EmptyRoot implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      // Loads all classes now, because their files are outside the new root directory.
      ReflectionSupport.findAllClassesInPackage("dev.procdesc", each -> true, name -> true);
      String program = Path.of(arguments[0], "program").toString();
      int fd = Descriptors.open(Path.of(program));
      exercise(program, fd);
      Libc.check(() -> Libc.C.chroot(arguments[0]));
      Libc.check(() -> Libc.C.chdir("/"));
      assertFalse(Files.exists(Path.of("/proc")));
      exercise("/program", fd);
    }

    private static void exercise(String program, int fd) throws Exception {
      for (OnClose onClose : new OnClose[] {OnClose.KILL, OnClose.RELEASE}) {
        Spawner spawner = Spawner.of(program)
            .stdin(Stdio.pipe())
            .stdout(Stdio.pipe())
            .stderr(Stdio.pipe())
            .onClose(onClose);
        try (ChildProcess child = spawner.spawn()) {
          assertEquals(-1, child.stdout().read());
          assertEquals(new Exited(TinyProgram.EXIT_CODE), Run.end(child));
          assertEquals(new Exited(TinyProgram.EXIT_CODE), child.onExit().join());
        }
      }
      if (Platform.current().has(Feature.SPAWN_BY_DESCRIPTOR)) {
        try (ChildProcess child = Spawner.ofDescriptor(fd, "program").spawn()) {
          assertEquals(new Exited(TinyProgram.EXIT_CODE), Run.end(child));
        }
      }
      assertThrows(SpawnException.class, () -> Spawner.of("/missing").spawn().close());
    }
  }
}
