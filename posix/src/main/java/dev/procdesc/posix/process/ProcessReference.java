package dev.procdesc.posix.process;

import dev.procdesc.ClosedDescriptorException;
import dev.procdesc.ExitStatus;
import dev.procdesc.MissingRightException;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.ProcessDescriptorException;
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
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
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
public final class ProcessReference {
  private static final long GROUP_LOOK_NANOS = 5_000_000;

  private final ProcessState core;
  private final Set<Right> rights;

  /** The kernel's descriptor with these rights only; absent if the core's descriptor is used. */
  private final Optional<OwnedDescriptor> limited;

  /** Completes with the exit status. Only the library waits on it, so no foreign code runs. */
  private final CompletableFuture<ExitStatus> ended = new CompletableFuture<>();

  /**
   * The application's futures, guarded by this. They keep the application's descriptor object
   * reachable.
   */
  private List<CompletableFuture<ExitStatus>> futures = new ArrayList<>(0);

  private volatile boolean closed;

  private ProcessReference(
      ProcessState core, Set<Right> rights, Optional<OwnedDescriptor> limited) {
    this.core = core;
    this.rights = rights;
    this.limited = limited;
    core.add(this);
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

  boolean isClosed() {
    return closed;
  }

  private void check(Right right) {
    if (!rights.contains(right)) {
      throw new MissingRightException(right);
    }
  }

  private void checkOpen() {
    if (closed) {
      throw new ClosedDescriptorException("the descriptor of " + name() + " is closed");
    }
  }

  /**
   * Returns the process's name in messages, with its ID only if the rights include
   * {@link Right#PID}.
   */
  private String name() {
    return rights.contains(Right.PID) ? core.toString() : "a process";
  }

  private OwnedDescriptor descriptor() {
    checkOpen();
    return limited.orElse(core.descriptor());
  }

  int fd() {
    check(Right.EVENT);
    return descriptor().number();
  }

  long pid() {
    check(Right.PID);
    return core.pid()
        .orElseThrow(() -> new IllegalStateException(
            "the process was reaped before its descriptor was received; its ID is unknown"));
  }

  ProcessInfo info() throws ProcessDescriptorException {
    check(Right.PID);
    OwnedDescriptor mine = descriptor();
    int fd = mine.acquire();
    try {
      return core.calls().info(fd);
    } finally {
      mine.release();
    }
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
    OwnedDescriptor mine = descriptor();
    OptionalInt copy;
    int fd = mine.acquire();
    try {
      copy = left.equals(core.rights()) ? OptionalInt.empty() : core.calls().limit(fd, left);
    } finally {
      mine.release();
    }
    Optional<OwnedDescriptor> own = copy.isPresent()
        ? Optional.of(OwnedDescriptor.take(copy.getAsInt(), "a descriptor of " + core))
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
    return core == other.core || identity().equals(other.identity());
  }

  private ProcessOperations.Identity identity() throws ProcessDescriptorException {
    OwnedDescriptor mine = core.descriptor();
    int fd = mine.acquire();
    try {
      return core.calls().identity(fd);
    } finally {
      mine.release();
    }
  }

  Optional<ResourceUsage> resourceUsage() {
    check(Right.WAIT);
    return core.resourceUsage();
  }

  /** Returns the exit status if there is one, querying the kernel if necessary. */
  Optional<ExitStatus> poll() {
    check(Right.WAIT);
    Optional<ExitStatus> known = core.status();
    if (known.isPresent()) {
      return known;
    }
    checkOpen();
    core.tryCollect();
    return core.status();
  }

  boolean isAlive() {
    return poll().isEmpty() && !core.hasExited();
  }

  boolean signal(Signal signal) throws ProcessDescriptorException {
    check(Right.SIGNAL);
    int number = core.calls().signalNumber(signal);
    checkOpen();
    core.tryCollect();
    if (core.hasExited()) {
      return false;
    }
    int outcome;
    try {
      outcome = signal(number);
    } catch (ClosedDescriptorException e) {
      // The process ended and was closed after the check above.
      checkOpen();
      return false;
    }
    if (outcome == -PosixNumbers.ESRCH) {
      return false;
    }
    if (outcome < 0) {
      // Another thread may have closed this reference meanwhile, and the number may have been
      // reused.
      checkOpen();
      throw Errors.failed("send " + signal.name() + " to", name(), outcome);
    }
    return true;
  }

  private int signal(int number) {
    OwnedDescriptor mine = descriptor();
    int fd = mine.acquire();
    try {
      return core.calls().signal(fd, number);
    } finally {
      mine.release();
    }
  }

  boolean signalGroup(Signal signal) throws ProcessDescriptorException {
    check(Right.SIGNAL);
    int outcome = signalGroup(core.calls().signalNumber(signal));
    if (outcome < 0 && outcome != -PosixNumbers.ESRCH) {
      checkOpen();
      throw Errors.failed("send " + signal.name() + " to the group of", name(), outcome);
    }
    return outcome >= 0;
  }

  private int signalGroup(int number) {
    OwnedDescriptor mine = descriptor();
    int fd = mine.acquire();
    try {
      return core.calls().signalGroup(fd, number);
    } finally {
      mine.release();
    }
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
    if (nanos <= 0 || core.status().isPresent()) {
      return poll();
    }
    checkOpen();
    return Threads.isVirtual() ? park(nanos) : pollInKernel(nanos);
  }

  private Optional<ExitStatus> pollInKernel(long nanos) throws InterruptedException {
    long deadline = System.nanoTime() + nanos;
    long left = nanos;
    while (true) {
      InterruptiblePoll.Result result;
      try {
        result = InterruptiblePoll.await(core.descriptor(), PosixNumbers.POLLIN, left);
      } catch (ClosedDescriptorException e) {
        // Another thread collected the status and closed the descriptor meanwhile, so the status is
        // available; or the process was released.
        return poll();
      } catch (IOException e) {
        // No descriptors are left for the wake-up pipe. The watcher already has all that it needs.
        return park(left);
      }
      if (result == InterruptiblePoll.Result.INTERRUPTED) {
        Thread.interrupted();
        throw new InterruptedException();
      }
      Optional<ExitStatus> known = core.status();
      if (known.isPresent()) {
        return known;
      }
      if (!core.isEnding()) {
        checkOpen();
      }
      if (result == InterruptiblePoll.Result.READY) {
        core.tryCollect();
        known = core.status();
        if (known.isPresent()) {
          return known;
        }
        // The process has ended, but its parent has not reaped it yet; only the watcher can wait
        // for that.
        return park(nanos == Long.MAX_VALUE ? nanos : deadline - System.nanoTime());
      }
      if (nanos != Long.MAX_VALUE) {
        left = deadline - System.nanoTime();
        if (left <= 0) {
          return Optional.empty();
        }
      }
    }
  }

  private Optional<ExitStatus> park(long nanos) throws InterruptedException {
    core.ensureWatched();
    try {
      return Optional.of(
          nanos == Long.MAX_VALUE ? ended.get() : ended.get(nanos, TimeUnit.NANOSECONDS));
    } catch (TimeoutException e) {
      return Optional.empty();
    } catch (ExecutionException e) {
      checkOpen();
      throw new AssertionError("only a close fails a wait", e);
    }
  }

  ExitStatus shutdown(Teardown teardown) throws ProcessDescriptorException, InterruptedException {
    check(Right.SIGNAL);
    check(Right.WAIT);
    for (Teardown.Step step : teardown.steps()) {
      if (teardown.group()) {
        signalGroup(step.signal());
        if (groupEnds(Deadline.in(step.patience()))) {
          break;
        }
      } else {
        signal(step.signal());
        Optional<ExitStatus> end = waitFor(Deadline.nanos(step.patience()));
        if (end.isPresent()) {
          return end.get();
        }
      }
    }
    if (teardown.group()) {
      signalGroup(Signal.KILL);
    }
    signal(Signal.KILL);
    return waitFor(Long.MAX_VALUE).orElseThrow();
  }

  /** Waits until the process group is empty. */
  private boolean groupEnds(Deadline deadline) throws InterruptedException {
    while (true) {
      // The leader must be reaped, or its zombie would remain in the group forever.
      boolean gone = waitFor(GROUP_LOOK_NANOS).isPresent() && signalGroup(0) < 0;
      if (gone || deadline.isOver()) {
        return gone;
      }
      TimeUnit.NANOSECONDS.sleep(GROUP_LOOK_NANOS);
    }
  }

  ProcessDescriptor.Listening onStateChange(Consumer<? super StateChange> listener) {
    check(Right.EVENT);
    checkOpen();
    return core.onStateChange(listener);
  }

  /** Adds a future of the application. */
  void onExit(CompletableFuture<ExitStatus> future) {
    check(Right.EVENT);
    if (core.status().isEmpty()) {
      checkOpen();
    }
    boolean waits;
    synchronized (this) {
      waits = !ended.isDone();
      if (waits) {
        futures.add(future);
      }
    }
    // Read after the lock. A future that was added too late to be completed by the publication
    // finds the status here, and so does a future whose status is not published yet.
    Optional<ExitStatus> known = core.status();
    if (known.isPresent()) {
      future.complete(known.get());
    } else if (waits) {
      core.ensureWatched();
    } else {
      future.completeExceptionally(closedTooEarly());
    }
  }

  private ClosedDescriptorException closedTooEarly() {
    return new ClosedDescriptorException(
        "the descriptor of " + name() + " was closed before the process ended");
  }

  /**
   * Notes that the process has ended.
   *
   * @return the tasks that remain to be run: completing the futures
   */
  List<Runnable> ended(ExitStatus status) {
    List<CompletableFuture<ExitStatus>> waiting;
    synchronized (this) {
      ended.complete(status);
      waiting = futures;
      futures = List.of();
    }
    List<Runnable> tasks = new ArrayList<>(waiting.size());
    waiting.forEach(future -> tasks.add(() -> future.complete(status)));
    return tasks;
  }

  /**
   * Notes that this reference was closed while the process lives on.
   *
   * @return the tasks that remain to be run: failing the futures
   */
  List<Runnable> abandoned() {
    ClosedDescriptorException failure = closedTooEarly();
    List<CompletableFuture<ExitStatus>> waiting;
    synchronized (this) {
      ended.completeExceptionally(failure);
      waiting = futures;
      futures = List.of();
    }
    List<Runnable> tasks = new ArrayList<>(waiting.size());
    waiting.forEach(future -> tasks.add(() -> future.completeExceptionally(failure)));
    return tasks;
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
    int fd = mine.acquire();
    try {
      return new Loan(mine, fd, lifeline, lifeline.map(OwnedDescriptor::acquire));
    } catch (ClosedDescriptorException e) {
      mine.release();
      throw e;
    }
  }

  /** Two descriptors that stay open until they are sent. */
  public record Loan(
      OwnedDescriptor process,
      int fd,
      Optional<OwnedDescriptor> lifeline,
      Optional<Integer> lifelineFd)
      implements AutoCloseable {
    @Override
    public void close() {
      process.release();
      lifeline.ifPresent(OwnedDescriptor::release);
    }
  }

  /** Closes this reference. Idempotent. */
  void close() {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
    }
    limited.ifPresent(OwnedDescriptor::close);
    core.release(this);
  }

  @Override
  public String toString() {
    return name() + (closed && core.status().isEmpty() && !core.isClosed() ? " closed" : "");
  }
}
