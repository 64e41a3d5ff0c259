package dev.procdesc.compat.c10_capabilities;

import static dev.procdesc.compat.support.Messages.bytes;
import static dev.procdesc.compat.support.Messages.receive;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.DescriptorChannel;
import dev.procdesc.DescriptorChannel.Message;
import dev.procdesc.ExitStatus;
import dev.procdesc.Feature;
import dev.procdesc.Platform;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.Signal;
import dev.procdesc.Teardown;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.PidNamespace;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Scenario;
import dev.procdesc.testing.Await;
import dev.procdesc.testing.Timeouts;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import jnr.constants.platform.Errno;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** Processes of a PID namespace that the receiver of their descriptors cannot see. */
@ExtendWith(LeakCheck.class)
@Tag(Tags.KERNELS)
final class HiddenProcessTest {
  private static final String REASON = "in another PID namespace";

  @Test
  @Tag(Tags.JVM)
  @Contract({"C3", "C4", "C10"})
  void aProcessOfAnotherPidNamespaceIsNeitherSignalledNorCalledReaped(@TempDir Path directory)
      throws Exception {
    Requires.feature(Feature.DESCRIPTOR_CHANNEL);
    PidNamespace.require();
    Path socket = directory.resolve("socket");
    try (DescriptorChannel.Listener listener = DescriptorChannel.listen(socket)) {
      CompletableFuture<Void> sender = CompletableFuture.runAsync(() -> send(listener));
      PidNamespace.jvm(Receiver.class, socket.toString()).run();
      Await.get(sender);
    }
  }

  /** Sends a child, and ends it once the receiver has examined it. */
  private static void send(DescriptorChannel.Listener listener) {
    try (DescriptorChannel channel = listener.accept();
        ChildProcess child = Run.cat().newSession().spawn()) {
      channel.send(bytes("a child"), child);
      receive(channel).close();
      child.kill();
      assertEquals(Run.signaled(Signal.KILL), Run.end(child));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** Examines the process, and the sender. */
  public static final class Receiver implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      try (DescriptorChannel channel = DescriptorChannel.connect(Path.of(arguments[0]))) {
        if (Platform.current().has(Feature.PEER_DESCRIPTOR)) {
          try (ProcessDescriptor peer = channel.peer()) {
            examine(peer);
          }
        }
        try (Message message = receive(channel)) {
          ProcessDescriptor process = message.descriptors().get(0);
          examine(process);
          CompletableFuture<ExitStatus> end = process.onExit();
          channel.send(bytes("examined"));
          ExitStatus status = process.waitFor(Timeouts.CEILING).orElseThrow();
          assertReason(assertInstanceOf(ExitStatus.Unknown.class, status).reason());
          assertEquals(status, Await.get(end));
          assertFalse(process.isAlive());
          assertFalse(process.kill(), "false means that it has ended");
          assertUnnumbered(process);
        }
      }
    }

    private static void examine(ProcessDescriptor process) throws Exception {
      assertTrue(process.isAlive());
      assertUnnumbered(process);
      assertRefused(Errno.EINVAL, process::kill);
      assertRefused(Errno.EINVAL, () -> process.signal(Signal.CONT));
      assertRefused(
          Errno.EINVAL, () -> process.shutdown(Teardown.of(Signal.TERM, Duration.ofSeconds(1))));
      if (Platform.current().has(Feature.SIGNAL_GROUP)) {
        assertRefused(Errno.EINVAL, () -> process.signalGroup(Signal.CONT));
      }
      if (Platform.current().has(Feature.PROCESS_INFO)) {
        assertRefused(Errno.EREMOTE, process::info);
      }
      try (ProcessDescriptor copy = process.duplicate()) {
        assertTrue(copy.sameProcess(process));
        assertUnnumbered(copy);
      }
      assertTrue(process.isAlive());
    }

    private static void assertUnnumbered(ProcessDescriptor process) {
      assertReason(assertThrows(IllegalStateException.class, process::pid).toString());
      assertReason(process.toString());
    }

    private static void assertRefused(Errno errno, Executable call) {
      var refusal = assertThrows(ProcessDescriptorException.class, call);
      assertEquals(errno.intValue(), refusal.errno(), refusal.toString());
      assertReason(refusal.toString());
    }

    private static void assertReason(String text) {
      assertTrue(text.contains(REASON), text);
    }
  }
}
