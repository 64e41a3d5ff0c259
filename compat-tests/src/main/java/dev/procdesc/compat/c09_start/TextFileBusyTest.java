package dev.procdesc.compat.c09_start;

import static dev.procdesc.compat.support.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.procdesc.SpawnException.Step;
import dev.procdesc.Spawner;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.MissingCondition;
import dev.procdesc.compat.Origin;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.ConcurrentCallers;
import dev.procdesc.compat.support.Descriptors;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Scratch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import jnr.constants.platform.Errno;
import jnr.constants.platform.OpenFlags;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Tests the execution of a program that is, or has just been, open for writing. */
@ExtendWith(LeakCheck.class)
final class TextFileBusyTest {
  @TempDir
  Path directory;

  @Test
  @Tag(Tags.PIDS)
  @Contract("C9")
  @Origin("rust-lang/rust: #114554 ETXTBSY")
  void aProgramThatIsOpenForWritingIsEtxtbsy() throws Exception {
    Path program = Scratch.program(directory.resolve("program"), "/bin/cat");
    int fd = Descriptors.open(program, OpenFlags.O_WRONLY.intValue(), 0);
    try {
      try {
        new ProcessBuilder(program.toString()).start().destroyForcibly().waitFor();
        throw new MissingCondition("a kernel that refuses to run a program that is being written");
      } catch (IOException busy) {
        // This kernel refuses, as the test requires.
      }
      assertFails(
          Run.piped(Spawner.of(program.toString())),
          Step.EXECUTE,
          Errno.ETXTBSY,
          program.toString());
    } finally {
      Descriptors.close(fd);
    }
    assertEquals("", Run.output(Run.piped(Spawner.of(program.toString()))));
  }

  @Test
  @Tag(Tags.LONG)
  @Contract({"C9", "C11"})
  @Origin("golang/go: #22315 write, close and exec beside other threads that spawn")
  void aProgramThatWasJustWrittenRunsDuringConcurrentSpawns() throws Exception {
    // A child of another thread may hold the writer's descriptor between its creation and its exec.
    // The program then is open for writing although its writer has closed it.
    try (ConcurrentCallers<Void> writers = new ConcurrentCallers<>(Thread::new)) {
      for (int i = 0; i < 4; i++) {
        Path mine = Files.createDirectory(directory.resolve("writer" + i));
        writers.add(() -> {
          for (int j = 0; j < 50; j++) {
            Path program = Scratch.program(mine.resolve("program" + j), "/bin/cat");
            assertEquals("", Run.output(Run.piped(Spawner.of(program.toString()))));
            Files.delete(program);
          }
          return null;
        });
      }
      writers.results();
    }
  }
}
