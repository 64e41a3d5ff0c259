package dev.procdesc.posix.channel;

import dev.procdesc.AccessMode;
import dev.procdesc.Attachment;
import dev.procdesc.ChannelOptions;
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
import dev.procdesc.posix.process.Claims;
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

  private static int type(ChannelOptions options) {
    return options.framing().isStream() ? SocketNumbers.SOCK_STREAM : SocketNumbers.SOCK_SEQPACKET;
  }

  @Override
  public DescriptorChannel.Pair pair(ChannelOptions options) throws ProcessDescriptorException {
    int one;
    int other;
    try (NativeMemory memory = NativeMemory.borrow()) {
      int type = type(options) | numbers.sockCloexec();
      check("socketpair", "", Sockets.socketpair(SocketNumbers.AF_UNIX, type, memory.address()));
      one = memory.bytes().getInt(0);
      other = memory.bytes().getInt(Integer.BYTES);
    }
    SocketChannel first;
    try {
      first = SocketChannel.take(one, options, calls, watcher);
    } catch (ProcessDescriptorException e) {
      LibC.close(other);
      throw e;
    }
    try {
      return new DescriptorChannel.Pair(first, SocketChannel.take(other, options, calls, watcher));
    } catch (ProcessDescriptorException e) {
      first.close();
      throw e;
    }
  }

  /** Creates a non-blocking socket and binds or connects it. */
  private int open(String operation, Path path, ChannelOptions options, SocketAddress.Call call)
      throws ProcessDescriptorException {
    return SocketAddress.of(path).open(operation, type(options), call);
  }

  @Override
  public NotifySocket notifySocket(String address) {
    return new ManagerSocket(SocketAddress.parse(address), watcher);
  }

  @Override
  public DescriptorChannel connect(Path path, ChannelOptions options)
      throws ProcessDescriptorException {
    int fd = open("connect", path, options, Sockets::connect);
    // A child may inherit the socket, whose program does not expect non-blocking mode.
    LibC.fcntl(fd, PosixNumbers.F_SETFL, 0);
    return SocketChannel.take(fd, options, calls, watcher);
  }

  @Override
  public DescriptorChannel.Listener listen(Path path, ChannelOptions options)
      throws ProcessDescriptorException {
    int fd = open("bind", path, options, Sockets::bind);
    int outcome = Sockets.listen(fd, BACKLOG);
    if (outcome < 0) {
      LibC.close(fd);
      throw Errors.failed("listen", path, outcome);
    }
    return new Listener(OwnedDescriptor.take(fd, "the listener at " + path), path, options);
  }

  @Override
  public DescriptorChannel of(int fd, ChannelOptions options) throws ProcessDescriptorException {
    try (Claims claims = new Claims("")) {
      OwnedDescriptor socket = claims.claim(fd, SocketChannel.WHAT);
      check(fd, options);
      Claims.closeOnExec(fd);
      SocketChannel channel = SocketChannel.of(socket, options, calls, watcher);
      claims.keep();
      return channel;
    }
  }

  /** Checks that a descriptor is a socket that a channel can use. */
  private void check(int fd, ChannelOptions options) throws ProcessDescriptorException {
    int kind = query("SO_TYPE", fd, numbers.soType());
    int domain = query("SO_DOMAIN", fd, numbers.soDomain());
    if (kind != type(options) || domain != SocketNumbers.AF_UNIX) {
      throw new IllegalArgumentException("descriptor " + fd + " is no "
          + (options.framing().isStream() ? "SOCK_STREAM" : "SOCK_SEQPACKET")
          + " socket of the UNIX domain, which Framing." + options.framing() + " needs");
    }
    if (query("SO_ACCEPTCONN", fd, numbers.soAcceptconn()) != 0) {
      throw new IllegalArgumentException("descriptor " + fd + " is a socket that listens");
    }
  }

  private static int query(String name, int fd, int option) throws ProcessDescriptorException {
    return check("getsockopt(" + name + ")", "descriptor " + fd, SocketOptions.query(fd, option));
  }

  @Override
  public Attachment open(Path path, AccessMode access) throws ProcessDescriptorException {
    return new Attachments(calls).open(path, access);
  }

  private final class Listener implements DescriptorChannel.Listener {
    private final OwnedDescriptor socket;
    private final BlockingDescriptor end;
    private final Path path;
    private final ChannelOptions options;
    private final AtomicBoolean removed = new AtomicBoolean();

    /**
     * Closes the socket, also when this object is unreachable. The file then remains: at that time
     * its path may be that of another listener.
     */
    private final Cleaner.Cleanable closing;

    Listener(OwnedDescriptor socket, Path path, ChannelOptions options) {
      this.socket = socket;
      this.path = path;
      this.options = options;
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
            : Optional.of(SocketChannel.take((int) fd, options, calls, watcher));
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
