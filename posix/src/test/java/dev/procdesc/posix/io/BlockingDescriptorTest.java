package dev.procdesc.posix.io;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.testing.Timeouts;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class BlockingDescriptorTest {
  private static final Watcher WATCHER = new Watcher(new PollQueue());

  private final TestSystem.Pipe pipe = TestSystem.pipe();
  private final BlockingDescriptor descriptor = new BlockingDescriptor(
      OwnedDescriptor.take(pipe.readEnd(), "a pipe"), EventQueue.Interest.READABLE, WATCHER);

  @AfterEach
  void closePipe() {
    descriptor.close();
    LibC.close(pipe.writeEnd());
  }

  @Test
  void anotherThreadInsideIsWaitedForUntilTheDeadline() throws Exception {
    assertFalse(enterWhileHeld());
  }

  @Test
  void aClosedDescriptorIsNotATimeout() {
    descriptor.close();
    assertThrows(ClosedChannelException.class, this::enterWhileHeld);
  }

  @Test
  void aClosedDescriptorIsNotEntered() {
    descriptor.close();
    assertThrows(ClosedChannelException.class, () -> descriptor.enter(Deadline.NONE));
    assertFalse(descriptor.lock.isLocked());
  }

  /** Enters with a deadline that is over, while another thread holds the lock. */
  private boolean enterWhileHeld() throws Exception {
    CompletableFuture<Void> held = new CompletableFuture<>();
    CompletableFuture<Void> done = new CompletableFuture<>();
    Thread holder = new Thread(() -> {
      descriptor.lock.lock();
      try {
        held.complete(null);
        done.join();
      } finally {
        descriptor.lock.unlock();
      }
    });
    holder.start();
    try {
      held.get(Timeouts.CEILING.toSeconds(), TimeUnit.SECONDS);
      return descriptor.enter(Deadline.in(0));
    } finally {
      done.complete(null);
      holder.join(Timeouts.CEILING.toMillis());
      assertFalse(holder.isAlive(), "the holder is still running");
    }
  }
}
