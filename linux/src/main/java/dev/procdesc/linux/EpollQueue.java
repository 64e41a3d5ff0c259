package dev.procdesc.linux;

import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.linux.kernel.Numbers;
import dev.procdesc.linux.kernel.Syscalls;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeMemory;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.io.EventQueue;
import java.nio.ByteBuffer;
import java.util.function.LongConsumer;

/**
 * Watches descriptors by epoll. No registration can spin: that of a process reports each wake-up by
 * the kernel once (EPOLLET), the others report once (EPOLLONESHOT).
 *
 * <p>The kernel wakes the holders of a pidfd at the exit, when a tracer reaps the process or ends,
 * and when the process is reaped (seen first in Linux 6.12; before, only the parent is told).
 */
final class EpollQueue implements EventQueue {
  private static final int MAX_EVENTS = 512;
  private static final long WAKE_TOKEN = 0;

  private volatile int epoll;
  private volatile int wakeup;

  @Override
  public void open() throws ProcessDescriptorException {
    epoll = check("epoll_create1", Syscalls.epollCreate1(Numbers.EPOLL_CLOEXEC));
    wakeup = Syscalls.eventfd(0, Numbers.EFD_CLOEXEC | Numbers.EFD_NONBLOCK);
    try {
      check("eventfd", wakeup);
      // Not one-shot: reading the counter clears it.
      control(Numbers.EPOLL_CTL_ADD, wakeup, Numbers.EPOLLIN, WAKE_TOKEN);
    } catch (ProcessDescriptorException e) {
      close();
      throw e;
    }
  }

  @Override
  public void close() {
    LibC.close(epoll);
    if (wakeup >= 0) {
      LibC.close(wakeup);
    }
  }

  private static int check(String operation, int outcome) throws ProcessDescriptorException {
    if (outcome < 0) {
      throw Errors.failed(operation, "the watcher", outcome);
    }
    return outcome;
  }

  private static int eventsOf(Interest interest) {
    return switch (interest) {
      case EXIT -> Numbers.EPOLLIN | Numbers.EPOLLET;
      case READABLE -> Numbers.EPOLLIN | Numbers.EPOLLONESHOT;
      case WRITABLE -> Numbers.EPOLLOUT | Numbers.EPOLLONESHOT;
      case SIGNAL -> throw new IllegalArgumentException("epoll reports no signals");
    };
  }

  @Override
  public void add(int fd, Interest interest, long token) throws ProcessDescriptorException {
    control(Numbers.EPOLL_CTL_ADD, fd, eventsOf(interest), token);
  }

  @Override
  public void again(int fd, Interest interest, long token) throws ProcessDescriptorException {
    control(Numbers.EPOLL_CTL_MOD, fd, eventsOf(interest), token);
  }

  private void control(int operation, int fd, int interest, long token)
      throws ProcessDescriptorException {
    try (NativeMemory memory = NativeMemory.borrow()) {
      memory.bytes().putInt(0, interest).putLong(Numbers.EPOLL_EVENT_DATA, token);
      int outcome = Syscalls.epollCtl(epoll, operation, fd, memory.address());
      if (outcome < 0) {
        throw Errors.failed("epoll_ctl", "descriptor " + fd, outcome);
      }
    }
  }

  @Override
  public void remove(int fd, Interest interest) {
    // ENOENT: the descriptor is not watched. No other error is possible for a descriptor that is
    // held open.
    Syscalls.epollCtl(epoll, Numbers.EPOLL_CTL_DEL, fd, 0);
  }

  @Override
  public void await(int timeoutMillis, LongConsumer tokens) {
    try (NativeMemory events = NativeMemory.borrow()) {
      await(timeoutMillis, events, tokens);
    }
  }

  private void await(int timeoutMillis, NativeMemory events, LongConsumer tokens) {
    int count = Syscalls.epollWait(epoll, events.address(), MAX_EVENTS, timeoutMillis);
    if (count < 0) {
      if (count == -PosixNumbers.EINTR) {
        return;
      }
      throw new IllegalStateException("epoll_wait: " + Errors.describe(-count));
    }
    ByteBuffer bytes = events.bytes();
    for (int i = 0; i < count; i++) {
      long token = bytes.getLong(i * Numbers.EPOLL_EVENT_SIZE + Numbers.EPOLL_EVENT_DATA);
      if (token == WAKE_TOKEN) {
        try (NativeMemory memory = NativeMemory.borrow()) {
          LibC.read(wakeup, memory.address(), Long.BYTES);
        }
      } else {
        tokens.accept(token);
      }
    }
  }

  @Override
  public void wake() {
    try (NativeMemory memory = NativeMemory.borrow()) {
      memory.bytes().putLong(0, 1);
      LibC.write(wakeup, memory.address(), Long.BYTES);
    }
  }
}
