package dev.procdesc.posix.process;

import dev.procdesc.ClosedDescriptorException;
import dev.procdesc.ExitDescriptor;
import dev.procdesc.ExitStatus;
import dev.procdesc.LastClose;
import dev.procdesc.MissingRightException;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.ProcessIdentity;
import dev.procdesc.ProcessInfo;
import dev.procdesc.ResourceUsage;
import dev.procdesc.Right;
import dev.procdesc.Signal;
import dev.procdesc.StateChange;
import dev.procdesc.Teardown;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.io.Deadline;
import dev.procdesc.posix.io.InterruptiblePoll;
import dev.procdesc.posix.io.OwnedDescriptor;
import dev.procdesc.posix.io.Threads;
import java.io.IOException;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * A reference to a process, with its rights: the state behind a descriptor object of the
 * application, separate from that object so that the garbage collector can detect that the object
 * is unreachable.
 *
 * <p>All rights are checked in this class, before anything is done. Where the kernel can also limit
 * a descriptor, a reference with fewer rights has a separate, limited descriptor; the library's
 * internal operations, such as reaping, use the unlimited one.
 */
public final class ProcessReference implements InterruptiblePoll.Waiter {
  private static final long GROUP_LOOK_NANOS = 5_000_000;

  /** The time for which a close waits for the end of the process that it has killed. */
  private static final long CLOSE_NANOS = 10_000_000_000L;

  /** The longest time between two searches for zombies. */
  private static final long GROUP_SEARCH_NANOS = 100_000_000;

  private final ProcessState core;
  private final Set<Right> rights;

  /** The kernel's descriptor with these rights only; absent if the core's descriptor is used. */
  private final Optional<OwnedDescriptor> limited;

  private volatile boolean closed;

  /** Set when this was closed, or needs no close because the process has ended. */
  private volatile boolean released;

  /**
   * The close that is under way or was made: completes with whether it ends the process. Empty
   * before; guarded by this.
   */
  private Optional<CompletableFuture<Boolean>> closing = Optional.empty();

  /** Set when this was closed and the process lives on, so that no wait may continue. */
  private volatile boolean abandoned;

  private ProcessReference(
      ProcessState core, Set<Right> rights, Optional<OwnedDescriptor> limited) {
    this.core = core;
    this.rights = rights;
    this.limited = limited;
    core.add();
  }

  /** Creates the first reference to a process, with every right that its descriptor has. */
  static ProcessReference first(ProcessState core) {
    return new ProcessReference(core, core.rights(), Optional.empty());
  }

  ProcessState core() {
    return core;
  }

  Set<Right> rights() {
    return rights;
  }

  boolean isReleased() {
    return released;
  }

  /** Called by the {@link Completion} under its lock, while the exit status is not known. */
  void setAbandoned() {
    abandoned = true;
  }

  @Override
  public boolean isAbandoned() {
    return abandoned;
  }

  private void check(Right right) {
    if (!rights.contains(right)) {
      throw new MissingRightException(right);
    }
  }

  private void checkOpen() {
    if (closed) {
      throw closedException();
    }
  }

  ClosedDescriptorException closedException() {
    return ProcessState.closedException(name());
  }

  /**
   * Returns the process's name in messages, with its ID only if the rights include
   * {@link Right#PID}.
   */
  private String name() {
    return name(rights);
  }

  private String name(Set<Right> rights) {
    return rights.contains(Right.PID) ? core.name() : "a process";
  }

  private OwnedDescriptor descriptor() {
    checkOpen();
    if (released) {
      throw new ClosedDescriptorException("the descriptor of " + name()
          + " was released at the end of the process: see ChildProcess.asProcess and ProcessScope");
    }
    return limited.orElse(core.descriptor());
  }

  int fd() {
    check(Right.EVENT);
    return descriptor().number();
  }

  long pid() {
    check(Right.PID);
    return core.pid()
        .orElseThrow(() ->
            new IllegalStateException("the ID of the process is unknown: " + core.unknownId()));
  }

  ProcessIdentity identity() throws ProcessDescriptorException {
    check(Right.PID);
    long inode;
    try (OwnedDescriptor.Loan loan = descriptor().lend()) {
      inode = core.calls().inode(loan.fd());
    }
    return new ProcessIdentity(pid(), inode);
  }

  ProcessInfo info() throws ProcessDescriptorException {
    check(Right.PID);
    try (OwnedDescriptor.Loan loan = descriptor().lend()) {
      return core.calls().info(loan.fd());
    }
  }

  LastClose lastClose() {
    descriptor(); // Throws if this reference is closed.
    return core.lastClose();
  }

  /** Creates another reference with the same rights. */
  ProcessReference duplicate() throws ProcessDescriptorException {
    return restrict(rights);
  }

  /** Creates another reference with at most these rights. */
  ProcessReference restrict(Set<Right> wanted) throws ProcessDescriptorException {
    check(Right.DUPLICATE);
    Set<Right> left = EnumSet.noneOf(Right.class);
    left.addAll(wanted);
    left.retainAll(rights);
    OptionalInt copy;
    try (OwnedDescriptor.Loan loan = descriptor().lend()) {
      copy = left.equals(core.rights()) ? OptionalInt.empty() : core.calls().limit(loan.fd(), left);
    }
    Optional<OwnedDescriptor> own = copy.isPresent()
        ? Optional.of(OwnedDescriptor.take(copy.getAsInt(), "the descriptor of " + name(left)))
        : Optional.empty();
    try {
      return new ProcessReference(core, Collections.unmodifiableSet(left), own);
    } catch (ClosedDescriptorException e) {
      own.ifPresent(OwnedDescriptor::close);
      throw e;
    }
  }

  boolean isSame(ProcessReference other) throws ProcessDescriptorException {
    checkOpen();
    other.checkOpen();
    if (core == other.core) {
      return true;
    }
    try (OwnedDescriptor.Loan one = core.descriptor().lend();
        OwnedDescriptor.Loan another = other.core.descriptor().lend()) {
      return core.calls().isSame(one.fd(), another.fd());
    }
  }

  Optional<ResourceUsage> resourceUsage() {
    check(Right.WAIT);
    core.tryCollect();
    return core.completion().usage();
  }

  /**
   * Returns the exit status if there is one, querying the kernel if necessary.
   *
   * @throws ClosedDescriptorException if the process has not ended and this reference is abandoned
   */
  Optional<ExitStatus> poll() {
    check(Right.WAIT);
    Optional<ExitStatus> known = core.tryCollect();
    checkNotAbandoned(known);
    return known;
  }

  private void checkNotAbandoned(Optional<ExitStatus> known) {
    if (known.isEmpty() && abandoned) {
      throw closedException();
    }
  }

  boolean isAlive() {
    return poll().isEmpty() && !core.completion().hasExited();
  }

  boolean signal(Signal signal) throws ProcessDescriptorException {
    check(Right.SIGNAL);
    int number = core.calls().signalNumber(signal);
    checkOpen();
    core.tryCollect();
    if (core.completion().hasExited()) {
      return false;
    }
    try {
      return send("send " + signal.name() + " to", number, false);
    } catch (ClosedDescriptorException e) {
      // The process ended and was closed after the check above.
      checkOpen();
      return false;
    }
  }

  boolean signalGroup(Signal signal) throws ProcessDescriptorException {
    check(Right.SIGNAL);
    int number = core.calls().signalNumber(signal);
    return send("send " + signal.name() + " to the group of", number, true);
  }

  /**
   * Sends a signal to the process or to its group; returns whether there was a process to receive
   * it.
   */
  private boolean send(String operation, int number, boolean toGroup)
      throws ProcessDescriptorException {
    ProcessOperations calls = core.calls();
    int outcome;
    Optional<String> hiddenIn;
    try (OwnedDescriptor.Loan loan = descriptor().lend()) {
      outcome = toGroup ? calls.signalGroup(loan.fd(), number) : calls.signal(loan.fd(), number);
      // The error may be that of a process that has ended (FreeBSD) or of an unknown signal
      // (Linux).
      hiddenIn = outcome < 0 ? calls.hiddenIn(loan.fd()) : Optional.empty();
    }
    if (outcome >= 0) {
      return true;
    }
    if (outcome == -PosixNumbers.ESRCH && hiddenIn.isEmpty()) {
      return false;
    }
    // Another thread may have closed this reference meanwhile, and the number may have been reused.
    checkOpen();
    throw Errors.failed(
        operation,
        name(),
        outcome,
        hiddenIn.map(part -> "the process is in " + part).orElse(""));
  }

  /**
   * Waits for the process to end.
   *
   * @param nanos the time limit; {@link Long#MAX_VALUE} for no limit
   */
  Optional<ExitStatus> waitFor(long nanos) throws InterruptedException {
    check(Right.WAIT);
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
    Optional<ExitStatus> known = core.completion().status();
    if (known.isPresent()) {
      return known;
    }
    return nanos <= 0 || abandoned ? poll() : await(Deadline.in(nanos));
  }

  private Optional<ExitStatus> await(Deadline deadline) throws InterruptedException {
    return Threads.isVirtual() ? park(deadline) : pollInKernel(deadline);
  }

  private Optional<ExitStatus> pollInKernel(Deadline deadline) throws InterruptedException {
    while (true) {
      InterruptiblePoll.Result result;
      try {
        // A close that does not end the process wakes only the waits that are registered.
        result =
            InterruptiblePoll.await(core.descriptor(), PosixNumbers.POLLIN, deadline.left(), this);
      } catch (ClosedDescriptorException e) {
        // Another thread collected the status and closed the descriptor meanwhile, so the status is
        // available; or the process was released.
        return poll();
      } catch (IOException e) {
        // No descriptors are left for the wake-up pipe. The watcher already has all that it needs.
        return park(deadline);
      }
      if (result == InterruptiblePoll.Result.INTERRUPTED) {
        Thread.interrupted();
        throw new InterruptedException();
      }
      boolean ready = result == InterruptiblePoll.Result.READY;
      Optional<ExitStatus> known =
          ready ? core.collectEnded() : core.completion().status();
      checkNotAbandoned(known);
      if (known.isPresent()) {
        return known;
      }
      if (ready) {
        // The process has ended, but its parent or its tracer has not reaped it yet. poll reports
        // it without end, so only the watcher can wait for that.
        return park(deadline);
      }
      if (deadline.isOver()) {
        return Optional.empty();
      }
    }
  }

  private Optional<ExitStatus> park(Deadline deadline) throws InterruptedException {
    core.ensureWatched();
    Optional<ExitStatus> known = core.completion().await(this, deadline.left());
    checkNotAbandoned(known);
    return known;
  }

  ExitStatus shutdown(Teardown teardown) throws ProcessDescriptorException, InterruptedException {
    check(Right.SIGNAL);
    check(Right.WAIT);
    TeardownRun.check(TeardownRun.run(teardown, List.of(this)));
    return waitFor(Long.MAX_VALUE).orElseThrow();
  }

  /**
   * Waits until the process group is empty, or has only zombies left. Zombies remain if their
   * parent does not reap them: a process that runs on, or a JVM that is PID 1 and adopts them.
   *
   * <p>Rejected: to reap them by {@code waitid(P_PGID)} if this JVM is their parent. They may be
   * children that other code put in the group, or that {@code Spawner.processGroup} did.
   */
  boolean groupEnds(Deadline deadline) throws InterruptedException {
    // A search for zombies reads the state of every process, so the searches become rarer.
    long searchNanos = GROUP_LOOK_NANOS;
    Deadline search = Deadline.in(searchNanos);
    while (true) {
      // The leader must be reaped, or its zombie would remain in the group forever.
      boolean ended = waitFor(Math.min(GROUP_LOOK_NANOS, deadline.left())).isPresent();
      boolean gone = ended && !hasGroup();
      if (ended && !gone && search.isOver()) {
        gone = isGroupOfZombies();
        searchNanos = Math.min(2 * searchNanos, GROUP_SEARCH_NANOS);
        search = Deadline.in(searchNanos);
      }
      if (gone || deadline.isOver()) {
        return gone;
      }
      TimeUnit.NANOSECONDS.sleep(GROUP_LOOK_NANOS);
    }
  }

  private boolean hasGroup() {
    try (OwnedDescriptor.Loan loan = descriptor().lend()) {
      return core.calls().signalGroup(loan.fd(), 0) >= 0;
    }
  }

  /** Searches twice, because a member may be created behind the first search and end before it. */
  private boolean isGroupOfZombies() {
    return core.pid().isPresent()
        && core.calls().isGroupOfZombies(core.pid().getAsLong())
        && core.calls().isGroupOfZombies(core.pid().getAsLong());
  }

  ProcessDescriptor.Listening onStateChange(Consumer<? super StateChange> listener) {
    check(Right.EVENT);
    checkOpen();
    return core.onStateChange(listener);
  }

  boolean giveTerminal() throws ProcessDescriptorException {
    checkOpen();
    return core.giveTerminal();
  }

  /** Adds a future of the application. */
  void onExit(CompletableFuture<ExitStatus> future) {
    check(Right.EVENT);
    if (abandoned) {
      checkNotAbandoned(core.tryCollect());
    }
    core.completion().onEnd(this, future);
    if (!future.isDone()) {
      core.ensureWatched();
    }
  }

  /** Opens an ordinary descriptor that reports the end. */
  ExitDescriptor exitDescriptor(ProcessDescriptorImpl holder) throws ProcessDescriptorException {
    check(Right.EVENT);
    if (abandoned) {
      checkNotAbandoned(core.tryCollect());
    }
    return ExitDescriptorImpl.open(this, holder);
  }

  /**
   * Lends the kernel's descriptor for sending, with the lifeline that must be sent along. The loan
   * ends with {@link Loan#close()}.
   */
  Loan lend() throws IOException {
    check(Right.SEND);
    OwnedDescriptor mine = descriptor();
    if (limited.isEmpty() && !rights.equals(core.rights())) {
      throw core.calls().cannotSend(rights);
    }
    Optional<OwnedDescriptor> lifeline = core.share();
    OwnedDescriptor.Loan process = mine.lend();
    try {
      return new Loan(process, lifeline.map(OwnedDescriptor::lend));
    } catch (ClosedDescriptorException e) {
      process.close();
      throw e;
    }
  }

  /** Loans of the descriptors that are sent together, which stay open until then. */
  public record Loan(OwnedDescriptor.Loan process, Optional<OwnedDescriptor.Loan> lifeline)
      implements AutoCloseable {
    @Override
    public void close() {
      process.close();
      lifeline.ifPresent(OwnedDescriptor.Loan::close);
    }
  }

  /**
   * Closes this reference. If this kills the process, waits until it has ended, so that the exit
   * status is known afterwards. A further close waits too, while another thread is in the first.
   */
  void close() {
    release();
    awaitKilled(closeDeadline());
  }

  /** Closes a reference that the application does not use any more, without waiting. */
  void forget() {
    if (release()) {
      core.ensureWatched();
    }
  }

  /**
   * Closes this reference without waiting for the end of the process. The caller then calls
   * {@link #awaitKilled}.
   *
   * @return whether this call ends the process
   */
  boolean release() {
    CompletableFuture<Boolean> close = new CompletableFuture<>();
    synchronized (this) {
      closed = true;
      if (released) {
        return false;
      }
      released = true;
      closing = Optional.of(close);
    }
    boolean ends = false;
    try {
      if (limited.isPresent()) {
        limited.get().close();
      }
      ends = core.release(this);
    } finally {
      close.complete(ends);
    }
    return ends;
  }

  /**
   * Returns whether the close of this reference ends the process. Waits for a close that is under
   * way in another thread.
   */
  private boolean isKilled() {
    Optional<CompletableFuture<Boolean>> close;
    synchronized (this) {
      close = closing;
    }
    // Not a monitor, in which a virtual thread would pin its carrier.
    return close.isPresent() && close.get().join();
  }

  /**
   * Returns the limit of a close that waits. The kernel may delay the end of a process after
   * SIGKILL, for instance while a file system does not respond.
   */
  static Deadline closeDeadline() {
    return Deadline.in(CLOSE_NANOS);
  }

  /**
   * Waits for the end of the process if the close of this reference ends it, also in an interrupted
   * thread. After the deadline the watcher waits.
   */
  void awaitKilled(Deadline deadline) {
    if (!isKilled()) {
      return;
    }
    boolean interrupted = Thread.interrupted();
    try {
      while (core.tryCollect().isEmpty() && !deadline.isOver()) {
        try {
          await(deadline);
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
      core.ensureWatched();
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /**
   * Gives up the descriptor of a process that has ended, if the close would have no other effect.
   * This reference remains open for the methods that need no descriptor.
   *
   * @return whether the descriptor is released now, by this call or before
   */
  boolean releaseAfterEnd() {
    synchronized (this) {
      if (released || core.closeReachesOthers()) {
        return released;
      }
      released = true;
    }
    core.release(this);
    return true;
  }

  @Override
  public String toString() {
    return name()
        + core.completion().status().map(status -> " " + status).orElse(closed ? " closed" : "");
  }
}
