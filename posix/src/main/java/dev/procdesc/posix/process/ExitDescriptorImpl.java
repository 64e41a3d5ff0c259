package dev.procdesc.posix.process;

import dev.procdesc.ClosedDescriptorException;
import dev.procdesc.ExitDescriptor;
import dev.procdesc.ExitStatus;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.ffi.SocketNumbers;
import dev.procdesc.posix.ffi.SocketPairs;
import dev.procdesc.posix.ffi.SystemNumbers;
import dev.procdesc.posix.io.OwnedDescriptor;
import dev.procdesc.posix.io.Unreachable;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.CompletableFuture;

/** An end of a socket pair, whose other end is closed at the end of a process. */
final class ExitDescriptorImpl implements ExitDescriptor {
  private static final String NAME = "the exit descriptor";

  private final Ends ends;
  private final Cleaner.Cleanable cleanable;

  /** Keeps the process reachable, and therefore alive. */
  @SuppressWarnings("UnusedVariable") // Never read.
  private final ProcessDescriptorImpl process;

  private ExitDescriptorImpl(Ends ends, ProcessDescriptorImpl process) {
    this.ends = ends;
    this.process = process;
    this.cleanable = Unreachable.register(this, ends);
  }

  /** Opens a descriptor for the end of the process behind a reference. */
  static ExitDescriptor open(ProcessReference reference, ProcessDescriptorImpl process)
      throws ProcessDescriptorException {
    int[] pair = new int[2];
    int outcome = SocketPairs.streams(pair);
    if (outcome < 0) {
      throw Errors.failed("socketpair", NAME + " of " + reference, outcome);
    }
    LibC.fcntl(pair[0], PosixNumbers.F_SETFL, SystemNumbers.posix().oNonblock());
    Ends ends = new Ends(
        reference,
        OwnedDescriptor.take(pair[0], NAME),
        // The shutdown is seen also if a bare fork by other code has a copy of the descriptor.
        OwnedDescriptor.takeDirection(pair[1], NAME, SocketNumbers.SHUT_WR));
    boolean watched = false;
    try {
      reference.onExit(ends.end);
      watched = true;
    } finally {
      if (!watched) {
        ends.run();
      }
    }
    return new ExitDescriptorImpl(ends, process);
  }

  /** Both ends; apart from the object of the application, so that they can be closed after it. */
  private static final class Ends implements Runnable {
    private final ProcessReference reference;
    private final OwnedDescriptor reader;
    private final OwnedDescriptor writer;
    private final CompletableFuture<ExitStatus> end = new CompletableFuture<>();

    /** Guarded by this. */
    private boolean detached;

    Ends(ProcessReference reference, OwnedDescriptor reader, OwnedDescriptor writer) {
      this.reference = reference;
      this.reader = reader;
      this.writer = writer;
      var unused = end.whenComplete((status, failure) -> writer.close());
    }

    synchronized int detach() {
      try {
        int fd = reader.detach();
        detached = true;
        return fd;
      } catch (ClosedChannelException e) {
        throw new ClosedDescriptorException(NAME + " is closed");
      }
    }

    /** Closes both ends, unless one was given away, which still needs the other. */
    @Override
    public synchronized void run() {
      if (!detached) {
        reader.close();
        writer.close();
        reference.core().completion().forget(end);
      }
    }
  }

  @Override
  public int fd() {
    return ends.reader.number();
  }

  @Override
  public int detach() {
    try {
      int fd = ends.detach();
      cleanable.clean();
      return fd;
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  @Override
  public void close() {
    cleanable.clean();
  }

  @Override
  public String toString() {
    return NAME + " of " + ends.reference;
  }
}
