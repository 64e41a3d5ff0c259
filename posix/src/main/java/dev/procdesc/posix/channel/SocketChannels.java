package dev.procdesc.posix.channel;

import dev.procdesc.DescriptorChannel;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeMemory;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.ffi.SocketNumbers;
import dev.procdesc.posix.ffi.SystemNumbers;
import dev.procdesc.posix.io.BlockingDescriptor;
import dev.procdesc.posix.io.Deadline;
import dev.procdesc.posix.io.EventQueue;
import dev.procdesc.posix.io.OwnedDescriptor;
import dev.procdesc.posix.io.Unreachable;
import dev.procdesc.posix.io.Watcher;
import dev.procdesc.spi.Channels;
import dev.procdesc.spi.NotifySocket;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/** Creates channels over UNIX domain sockets. */
public final class SocketChannels implements Channels {
  private static final int BACKLOG = 128;

  private final DescriptorTransfer calls;
  private final SocketNumbers numbers = SystemNumbers.sockets();
  private final Watcher watcher;

  /** Creates a factory of channels whose descriptors are handled by a backend. */
  public SocketChannels(DescriptorTransfer calls, Watcher watcher) {
    this.calls = calls;
    this.watcher = watcher;
  }

  private static int check(String operation, Object subject, int outcome)
      throws ProcessDescriptorException {
    if (outcome < 0) {
      throw Errors.failed(operation, subject, outcome);
    }
    return outcome;
  }

  @Override
  public DescriptorChannel.Pair pair() throws ProcessDescriptorException {
    int one;
    int other;
    try (NativeMemory memory = NativeMemory.borrow()) {
      int type = SocketNumbers.SOCK_SEQPACKET | numbers.sockCloexec();
      check("socketpair", "", Sockets.socketpair(SocketNumbers.AF_UNIX, type, memory.address()));
      one = memory.bytes().getInt(0);
      other = memory.bytes().getInt(Integer.BYTES);
    }
    SocketChannel first;
    try {
      first = SocketChannel.take(one, calls, watcher);
    } catch (ProcessDescriptorException e) {
      LibC.close(other);
      throw e;
    }
    try {
      return new DescriptorChannel.Pair(first, SocketChannel.take(other, calls, watcher));
    } catch (ProcessDescriptorException e) {
      first.close();
      throw e;
    }
  }

  /** Creates a non-blocking socket and binds or connects it. */
  private int open(String operation, Path path, SocketAddress.Call call)
      throws ProcessDescriptorException {
    return SocketAddress.of(path).open(operation, SocketNumbers.SOCK_SEQPACKET, call);
  }

  @Override
  public NotifySocket notifySocket(String address) {
    return new ManagerSocket(SocketAddress.parse(address), watcher);
  }

  @Override
  public DescriptorChannel connect(Path path) throws ProcessDescriptorException {
    int fd = open("connect", path, Sockets::connect);
    // A child may inherit the socket, whose program does not expect non-blocking mode.
    LibC.fcntl(fd, PosixNumbers.F_SETFL, 0);
    return SocketChannel.take(fd, calls, watcher);
  }

  @Override
  public DescriptorChannel.Listener listen(Path path) throws ProcessDescriptorException {
    int fd = open("bind", path, Sockets::bind);
    int outcome = Sockets.listen(fd, BACKLOG);
    if (outcome < 0) {
      LibC.close(fd);
      throw Errors.failed("listen", path, outcome);
    }
    return new Listener(OwnedDescriptor.take(fd, "the listener at " + path), path);
  }

  @Override
  public DescriptorChannel of(int fd) throws ProcessDescriptorException {
    try (NativeMemory memory = NativeMemory.borrow()) {
      int sizeAt = Long.BYTES;
      memory.bytes().putInt(0, 0).putInt(sizeAt, Integer.BYTES);
      check(
          "getsockopt(SO_TYPE)",
          "descriptor " + fd,
          Sockets.getsockopt(
              fd,
              numbers.solSocket(),
              numbers.soType(),
              memory.address(),
              memory.address() + sizeAt));
      if (memory.bytes().getInt(0) != SocketNumbers.SOCK_SEQPACKET) {
        throw new IllegalArgumentException("descriptor " + fd + " is no SOCK_SEQPACKET socket");
      }
    }
    check("fcntl(F_SETFD)", fd, LibC.fcntl(fd, PosixNumbers.F_SETFD, PosixNumbers.FD_CLOEXEC));
    return SocketChannel.take(fd, calls, watcher);
  }

  private final class Listener implements DescriptorChannel.Listener {
    private final OwnedDescriptor socket;
    private final BlockingDescriptor end;
    private final Path path;
    private final AtomicBoolean removed = new AtomicBoolean();

    /**
     * Closes the socket, also when this object is unreachable. The file then remains: at that time
     * its path may be that of another listener.
     */
    private final Cleaner.Cleanable closing;

    Listener(OwnedDescriptor socket, Path path) {
      this.socket = socket;
      this.path = path;
      this.end = new BlockingDescriptor(socket, EventQueue.Interest.READABLE, watcher, "listener");
      this.closing = Unreachable.register(this, end::close);
    }

    @Override
    public DescriptorChannel accept() throws IOException {
      return accept(Deadline.NONE).orElseThrow();
    }

    @Override
    public Optional<DescriptorChannel> accept(Duration timeout) throws IOException {
      return accept(Deadline.in(timeout));
    }

    private Optional<DescriptorChannel> accept(Deadline deadline) throws IOException {
      try {
        return acceptInTime(deadline);
      } catch (ClosedByInterruptException e) {
        close(); // The socket in the file system too.
        throw e;
      }
    }

    private Optional<DescriptorChannel> acceptInTime(Deadline deadline) throws IOException {
      if (!end.enter(deadline)) {
        return Optional.empty();
      }
      try {
        long fd = end.transfer(
            "accept4", number -> Sockets.accept4(number, numbers.sockCloexec()), deadline);
        return fd < 0
            ? Optional.empty()
            : Optional.of(SocketChannel.take((int) fd, calls, watcher));
      } finally {
        end.lock.unlock();
        Reference.reachabilityFence(this);
      }
    }

    @Override
    public boolean isOpen() {
      return end.isOpen();
    }

    @Override
    public void close() {
      closing.clean();
      if (removed.compareAndSet(false, true)) {
        try {
          Files.deleteIfExists(path);
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
    }

    @Override
    public String toString() {
      return socket.toString();
    }
  }
}
