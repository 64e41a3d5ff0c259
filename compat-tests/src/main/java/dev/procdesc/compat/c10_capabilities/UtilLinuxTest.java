package dev.procdesc.compat.c10_capabilities;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.Feature;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.ProcessIdentity;
import dev.procdesc.Signal;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.HostChild;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Tool;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Identities that are exchanged with the programs of util-linux. */
@Tag(Tags.PIDS)
@ExtendWith(LeakCheck.class)
final class UtilLinuxTest {
  @BeforeEach
  void identities() {
    Requires.feature(Feature.UNIQUE_IDENTITY);
    Requires.feature(Feature.OPEN_PROCESS);
  }

  /** Returns the identity that another process would have if it had got the ID of a child. */
  private static String mixed(ChildProcess child, ProcessIdentity other) throws Exception {
    return new ProcessIdentity(child.pid(), other.inode()).toString();
  }

  @Test
  @Contract({"C3", "C10"})
  void killSignalsTheIdentifiedProcess() throws Exception {
    Tool kill = Tool.ofUtilLinux("kill");
    try (ChildProcess child = Run.cat().spawn();
        ChildProcess other = Run.cat().spawn()) {
      assertEquals(new Exited(1), kill.run("-TERM", mixed(child, other.identity())));
      Run.assertEchoes(child);
      assertEquals(new Exited(0), kill.run("-TERM", child.identity().toString()));
      assertEquals(Run.signaled(Signal.TERM), Run.end(child));
      Run.assertEchoes(other);
    }
  }

  @Test
  @Contract("C10")
  void getinoPrintsTheIdentity() throws Exception {
    Tool getino = Tool.ofUtilLinux("getino");
    try (ChildProcess child = Run.cat().spawn();
        ChildProcess other = Run.cat().spawn()) {
      String line = Run.output(getino.spawner("--print-pid", Long.toString(child.pid())));
      ProcessIdentity identity = ProcessIdentity.parse(line.strip());
      assertEquals(child.identity(), identity);
      ProcessDescriptor.open(identity).close();
      assertEquals(new Exited(0), getino.run(identity.toString()));
      assertEquals(new Exited(1), getino.run(mixed(child, other.identity())));
    }
  }

  @Test
  @Contract("C10")
  void waitpidWaitsForTheIdentifiedProcess() throws Exception {
    Tool waitpid = Tool.ofUtilLinux("waitpid");
    // A zombie, because waitpid reports no moment from which on it waits.
    try (HostChild host = HostChild.start("exit 0");
        ProcessDescriptor opened = ProcessDescriptor.open(host.pid());
        ChildProcess other = Run.cat().spawn()) {
      assertEquals(new Exited(0), waitpid.run(opened.identity().toString()));
      assertEquals(new Exited(1), waitpid.run(mixed(other, opened.identity())));
    }
  }
}
