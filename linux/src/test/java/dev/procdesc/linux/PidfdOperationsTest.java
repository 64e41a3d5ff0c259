package dev.procdesc.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.procdesc.ExitStatus;
import dev.procdesc.Signal;
import dev.procdesc.StateChange;
import dev.procdesc.linux.kernel.Numbers;
import dev.procdesc.linux.kernel.Probes;
import dev.procdesc.linux.kernel.Signals;
import dev.procdesc.linux.kernel.Syscalls;
import dev.procdesc.posix.ffi.Architecture;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeMemory;
import dev.procdesc.posix.io.OwnedDescriptor;
import dev.procdesc.posix.process.ProcessOperations;
import dev.procdesc.posix.process.WaitStatus;
import dev.procdesc.testing.Await;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests the decoding of the status of wait(2), which {@code PIDFD_GET_INFO} returns too. */
final class PidfdOperationsTest {
  private static ExitStatus waitStatus(int status) {
    return WaitStatus.status(status, Signals.SIGNALS);
  }

  private static ExitStatus signaled(String name, boolean core) {
    return new ExitStatus.Signaled(Signal.of(name), core);
  }

  @Test
  void theTable() {
    assertEquals(new ExitStatus.Exited(0), waitStatus(0));
    assertEquals(new ExitStatus.Exited(1), waitStatus(0x0100));
    assertEquals(new ExitStatus.Exited(127), waitStatus(0x7F00));
    assertEquals(new ExitStatus.Exited(128), waitStatus(0x8000));
    assertEquals(new ExitStatus.Exited(255), waitStatus(0xFF00));
    assertEquals(signaled("HUP", false), waitStatus(0x01));
    assertEquals(signaled("KILL", false), waitStatus(0x09));
    assertEquals(signaled("TERM", false), waitStatus(0x0F));
    assertEquals(signaled("ABRT", true), waitStatus(0x86));
    assertEquals(signaled("SEGV", true), waitStatus(0x8B));
    assertEquals(signaled("SIG16", false), waitStatus(0x10));
    assertEquals(signaled("SIG34", false), waitStatus(0x22));
    assertEquals(signaled("SIG64", true), waitStatus(0xC0));
  }

  @Test
  void whatTheHeadersMakeOfIt(@TempDir Path directory) throws Exception {
    Optional<Cc> compiler = Cc.forMachine(Architecture.CURRENT.gnuName());
    assumeTrue(compiler.isPresent(), "no C compiler");
    List<Integer> statuses = new ArrayList<>();
    for (int value = 0; value < 256; value++) {
      statuses.add(value << 8);
    }
    for (int signal = 1; signal <= Numbers.NSIG; signal++) {
      statuses.add(signal);
      statuses.add(signal | 0x80);
    }
    List<Cc.Constant> constants = new ArrayList<>();
    for (int status : statuses) {
      // One byte each: exited or not, exit code, signal, core dumped or not.
      String expression = "(long long) !!WIFEXITED(@) << 32 | WEXITSTATUS(@) << 16"
          + " | (WIFSIGNALED(@) ? WTERMSIG(@) << 8 | !!WCOREDUMP(@) : 0)";
      constants.add(new Cc.Constant(
          "STATUS_" + status,
          expression.replace("@", String.valueOf(status)),
          List.of("sys/wait.h")));
    }
    Map<String, Long> values = compiler.get().values(directory, constants);
    assumeTrue(!values.isEmpty(), "no headers");
    for (int status : statuses) {
      Long value = values.get("STATUS_" + status);
      assertNotNull(value);
      ExitStatus expected = value >> 32 == 1
          ? new ExitStatus.Exited((int) (value >> 16 & 0xFF))
          : new ExitStatus.Signaled(Signals.of((int) (value >> 8 & 0xFF)), (value & 1) == 1);
      assertEquals(expected, waitStatus(status), () -> Integer.toHexString(status));
    }
  }

  /**
   * Tests that the last close takes effect while a thread waits for state changes: the kernel frees
   * the file, which an epoll set forgets then. Where the kernel kills at the last close (7.1), it
   * does so at this moment.
   */
  @Test
  void aThreadThatWaitsForStateChangesDoesNotHoldTheFile() throws Exception {
    Process process = new ProcessBuilder("cat").start();
    int epoll = Syscalls.epollCreate1(Numbers.EPOLL_CLOEXEC);
    try (NativeMemory memory = NativeMemory.borrow()) {
      PidfdOperations operations =
          new PidfdOperations(new Probes(), ProcessOperations.Task.OBSERVE);
      int fd = Syscalls.pidfdOpen(Math.toIntExact(process.pid()), 0);
      OwnedDescriptor owned = OwnedDescriptor.take(fd, "the process");
      memory.bytes().putInt(0, Numbers.EPOLLIN);
      assertEquals(0, Syscalls.epollCtl(epoll, Numbers.EPOLL_CTL_ADD, fd, memory.address()));
      CompletableFuture<Optional<StateChange>> change = new CompletableFuture<>();
      Runnable unused = operations.watchStateChanges(
          owned, number -> change.complete(operations.takeStateChange(number)));
      assertEquals(0, operations.signal(fd, Signals.number(Signal.STOP)));
      assertEquals(Optional.of(new StateChange.Stopped(Signal.STOP)), Await.get(change));
      assertTrue(owned.closeNow());
      process.destroyForcibly();
      Await.get(process.onExit());
      assertEquals(
          0,
          Syscalls.epollWait(epoll, memory.address(), 1, 0),
          "the exit is reported, because the file is still open");
    } finally {
      process.destroyForcibly();
      LibC.close(epoll);
    }
  }
}
