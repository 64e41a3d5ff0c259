package dev.procdesc.compat.c10_capabilities;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.Feature;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.ProcessIdentity;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Text;
import dev.procdesc.compat.support.Tool;
import dev.procdesc.testing.Await;
import java.nio.file.Files;
import java.nio.file.Path;
import jnr.ffi.LibraryLoader;
import jnr.ffi.annotations.Out;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Identities that are exchanged with systemd, as pairs of variables. */
@ExtendWith(LeakCheck.class)
final class SystemdTest {
  private static final String LIBRARY = "libsystemd.so.0";

  /** The first version with LISTEN_PIDFDID. */
  private static final int LISTEN_PIDFDID = 259;

  /** The first version with MAINPIDFDID as an assignment of sd_notify. */
  private static final int MAINPIDFDID = 257;

  @TempDir
  Path directory;

  @BeforeEach
  void identities() {
    Requires.feature(Feature.UNIQUE_IDENTITY);
  }

  /** Functions of libsystemd, under their C names. */
  public interface Functions {
    /** {@code int sd_pidfd_get_inode_id(int, uint64_t *)}. */
    int sd_pidfd_get_inode_id(int pidfd, @Out long[] id);
  }

  @Test
  @Contract("C10")
  void libsystemdReportsTheSameNumber() throws Exception {
    try (ChildProcess child = Run.cat().spawn()) {
      long[] id = new long[1];
      int outcome;
      try {
        outcome = LibraryLoader.create(Functions.class)
            .load(LIBRARY)
            .sd_pidfd_get_inode_id(child.fd(), id);
      } catch (UnsatisfiedLinkError e) {
        Requires.that(false, "libsystemd of systemd " + MAINPIDFDID);
        return;
      }
      assertEquals(0, outcome);
      assertEquals(child.identity().inode(), id[0]);
    }
  }

  @Test
  @Tag(Tags.PIDS)
  @Contract("C10")
  void theVariablesAndMessagesOfSystemdAreRead() throws Exception {
    Tool activate = Tool.ofSystemd("systemd-socket-activate", LISTEN_PIDFDID);
    Tool notify = Tool.ofSystemd("systemd-notify", MAINPIDFDID);
    Path socket = directory.resolve("notify");
    String script = "echo $LISTEN_PID:$LISTEN_PIDFDID; dd bs=4096 count=1 <&3; echo; read line";
    try (ChildProcess main = Run.cat().spawn();
        ChildProcess service = activate
            .spawner("--datagram", "--listen=" + socket, "/bin/sh", "-c", script)
            .spawn();
        ChildProcess notifier = notify
            .spawner("--no-block", "--pid=" + main.pid())
            .environment("NOTIFY_SOCKET", awaitFile(socket))
            .spawn()) {
      assertEquals(new Exited(0), Run.end(notifier));
      ProcessIdentity told = ProcessIdentity.parse(Text.line(service.stdout()));
      assertEquals(service.identity(), told);
      try (ProcessDescriptor opened = ProcessDescriptor.open(told)) {
        assertTrue(opened.sameProcess(service));
      }
      String pid = assigned("MAINPID=", Text.line(service.stdout()));
      String inode = assigned("MAINPIDFDID=", Text.line(service.stdout()));
      assertEquals(main.identity(), ProcessIdentity.parse(pid + ":" + inode));
    }
  }

  private static String awaitFile(Path file) throws InterruptedException {
    Await.until("the socket is bound", () -> Files.exists(file));
    return file.toString();
  }

  private static String assigned(String variable, String line) {
    assertTrue(line.startsWith(variable), line);
    return line.substring(variable.length());
  }

  @Test
  @Contract({"C3", "C10"})
  void systemdReadsTheVariables() throws Exception {
    // The library has the same version as the program, and no function that returns it.
    Tool.ofSystemd("systemd-socket-activate", LISTEN_PIDFDID);
    Requires.file("/usr/bin/python3");
    try (ChildProcess other = Run.cat().spawn()) {
      assertEquals("1", listenFds(child -> child));
      assertEquals(
          "0",
          listenFds(child -> new ProcessIdentity(child.pid(), other.identity().inode())));
    }
  }

  private interface Choice {
    ProcessIdentity of(ProcessIdentity child) throws Exception;
  }

  /** Returns how many descriptors systemd takes a child to have got that has some identity. */
  private static String listenFds(Choice choice) throws Exception {
    String program = "import ctypes; print(ctypes.CDLL('" + LIBRARY + "').sd_listen_fds(0))";
    String script = "read LISTEN_PID LISTEN_PIDFDID; LISTEN_FDS=1;"
        + " export LISTEN_PID LISTEN_PIDFDID LISTEN_FDS; exec /usr/bin/python3 -c \"$1\" 3</dev/null";
    try (ChildProcess child = Run.sh(script, program).spawn()) {
      ProcessIdentity identity = choice.of(child.identity());
      Text.send(child.stdin(), identity.pid() + " " + Long.toUnsignedString(identity.inode()));
      String line = Text.line(child.stdout());
      assertEquals(new Exited(0), Run.end(child));
      return line;
    }
  }
}
