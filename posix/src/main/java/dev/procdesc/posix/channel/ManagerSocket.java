package dev.procdesc.posix.channel;

import dev.procdesc.ProcessDescriptor;
import dev.procdesc.posix.ffi.Descriptors;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeMemory;
import dev.procdesc.posix.ffi.SocketNumbers;
import dev.procdesc.posix.ffi.SystemNumbers;
import dev.procdesc.posix.io.BlockingDescriptor;
import dev.procdesc.posix.io.Deadline;
import dev.procdesc.posix.io.EventQueue;
import dev.procdesc.posix.io.OwnedDescriptor;
import dev.procdesc.posix.io.Watcher;
import dev.procdesc.posix.process.ProcessDescriptorImpl;
import dev.procdesc.posix.process.ProcessReference;
import dev.procdesc.spi.NotifySocket;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Sends messages to a service manager. Each has a socket of its own, as with libsystemd: a manager
 * that has bound its address anew would not get what is sent over a connection from before.
 */
final class ManagerSocket implements NotifySocket {
  private static final String ADD = "FDSTORE=1\nFDPOLL=0\nFDNAME=";
  private static final String REMOVE = "FDSTOREREMOVE=1\nFDNAME=";

  /** Must be alone in its message, with one descriptor, which the manager closes. */
  private static final String BARRIER = "BARRIER=1";

  private final SocketAddress address;
  private final Watcher watcher;

  ManagerSocket(SocketAddress address, Watcher watcher) {
    this.address = address;
    this.watcher = watcher;
  }

  @Override
  public int put(String name, String lifeline, ProcessDescriptor process, int room)
      throws IOException {
    try (ProcessReference.Loan loan = ProcessDescriptorImpl.of(process).lend()) {
      Optional<OwnedDescriptor.Loan> end = loan.lifeline();
      int count = end.isPresent() ? 2 : 1;
      if (count > room) {
        throw new IllegalStateException("the store is full: it has room for " + room
            + " more descriptors, and " + process + " has " + count
            + "; raise FileDescriptorStoreMax= of the service");
      }
      send(ADD + name, List.of(loan.process().fd()), Deadline.NONE);
      if (end.isPresent()) {
        sendLifeline(name, lifeline, end.get().fd());
      }
      return count;
    }
  }

  /** Sends a lifeline, or removes the process that was sent before. */
  private void sendLifeline(String name, String lifeline, int fd) throws IOException {
    boolean sent = false;
    try {
      send(ADD + lifeline, List.of(fd), Deadline.NONE);
      sent = true;
    } finally {
      if (!sent) {
        // Once, because this thread may be interrupted. If it fails, the next supervisor gets a
        // process that has died with this one.
        transmit(REMOVE + name, List.of(), BlockingDescriptor::attempt);
      }
    }
  }

  @Override
  public void remove(String name) throws IOException {
    send(REMOVE + name, List.of(), Deadline.NONE);
  }

  @Override
  public boolean await(Duration timeout) throws IOException {
    Deadline deadline = Deadline.in(timeout);
    int[] ends = new int[2];
    int outcome = Descriptors.pipe(
        ends, SystemNumbers.posix().oCloexec() | SystemNumbers.posix().oNonblock());
    if (outcome < 0) {
      throw Errors.failed("pipe2", "to wait for the manager at " + address, outcome);
    }
    BlockingDescriptor end = new BlockingDescriptor(
        OwnedDescriptor.take(ends[0], "a wait for the manager"),
        EventQueue.Interest.READABLE,
        watcher);
    try {
      boolean sent;
      try {
        sent = send(BARRIER, List.of(ends[1]), deadline);
      } finally {
        LibC.close(ends[1]);
      }
      return sent && isAtEnd(end, deadline);
    } finally {
      end.close();
    }
  }

  /** Waits until no process has the other end of a pipe, to which nobody writes. */
  private static boolean isAtEnd(BlockingDescriptor end, Deadline deadline) throws IOException {
    if (!end.enter(deadline)) {
      return false;
    }
    try (NativeMemory memory = NativeMemory.borrow()) {
      return end.transfer("read", fd -> LibC.read(fd, memory.address(), 1), deadline) >= 0;
    } finally {
      end.lock.unlock();
    }
  }

  /** Sends a message; returns false after the deadline. */
  private boolean send(String text, List<Integer> descriptors, Deadline deadline)
      throws IOException {
    return transmit(
        text, descriptors, (socket, call) -> socket.transfer("sendmsg", call, deadline));
  }

  /** A way to perform a call on a socket: it waits, or does not. */
  private interface Way {
    long perform(BlockingDescriptor socket, BlockingDescriptor.Transfer call) throws IOException;
  }

  private boolean transmit(String text, List<Integer> descriptors, Way way) throws IOException {
    SocketNumbers numbers = SystemNumbers.sockets();
    int fd = address.open("connect", SocketNumbers.SOCK_DGRAM, Sockets::connect);
    BlockingDescriptor socket = new BlockingDescriptor(
        OwnedDescriptor.take(fd, "a message to the manager"),
        EventQueue.Interest.WRITABLE,
        watcher,
        address.toString());
    try (SocketMessage message = new SocketMessage(numbers)) {
      message.fill(text.getBytes(StandardCharsets.US_ASCII), descriptors);
      return way.perform(
              socket, number -> Sockets.sendmsg(number, message.header(), numbers.msgNosignal()))
          >= 0;
    } finally {
      socket.close();
    }
  }

  @Override
  public String toString() {
    return address.toString();
  }
}
