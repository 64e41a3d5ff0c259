package dev.procdesc.compat.c09_start;

import static dev.procdesc.compat.support.Errors.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.Feature;
import dev.procdesc.SpawnException;
import dev.procdesc.SpawnException.Step;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Run;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import jnr.constants.platform.Errno;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Tests children that are created in a control group. */
@ExtendWith(LeakCheck.class)
@Tag(Tags.KERNELS)
final class CgroupTest {
  @Test
  @Contract("C9")
  void theChildIsInTheCgroupFromTheStart() throws Exception {
    Requires.feature(Feature.CGROUP);
    Path group = Requires.cgroup();
    try (ChildProcess child = Run.cat().cgroup(group).spawn()) {
      assertEquals(
          Long.toString(child.pid()),
          Files.readString(group.resolve("cgroup.procs")).strip());
      Run.assertEchoes(child);
      child.stdin().close();
      assertEquals(new Exited(0), Run.end(child));
    } finally {
      Files.delete(group);
    }
  }

  @Test
  @Tag(Tags.PIDS)
  @Contract("C9")
  void theChildrenOfTheChildAreInTheCgroupToo() throws Exception {
    Requires.feature(Feature.CGROUP);
    Path group = Requires.cgroup();
    try {
      String seen = Run.output(Run.sh("cat /proc/self/cgroup").cgroup(group));
      assertTrue(seen.lines().anyMatch(line -> line.endsWith("/" + group.getFileName())), seen);
    } finally {
      Files.delete(group);
    }
  }

  @Test
  @Contract("C9")
  void aMissingCgroupIsEnoent() throws Exception {
    Requires.feature(Feature.CGROUP);
    Path group = Requires.cgroup();
    Files.delete(group);
    assertFails(Run.cat().cgroup(group), Step.CGROUP, Errno.ENOENT, group.toString());
  }

  @Test
  @Contract("C9")
  void aDirectoryThatIsNoCgroupFails(@TempDir Path directory) throws IOException {
    Requires.feature(Feature.CGROUP);
    SpawnException thrown = assertThrows(
        SpawnException.class, () -> Run.cat().cgroup(directory).spawn().close());
    assertTrue(
        String.valueOf(thrown.getMessage()).contains(directory.toString()), thrown.toString());
  }
}
