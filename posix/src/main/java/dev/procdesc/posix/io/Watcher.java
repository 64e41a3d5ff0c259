package dev.procdesc.posix.io;

import static dev.procdesc.posix.io.Logging.LOG;

import dev.procdesc.posix.ffi.NativeMemory;
import dev.procdesc.posix.ffi.Pooling;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Watches all children of the JVM with one thread: it collects their exit statuses, completes their
 * futures, reaps released and closed children, and notifies virtual threads when a pipe is ready.
 *
 * <p><b>Callbacks.</b> Passing each callback to an executor would add a thread switch to every
 * notification; running it in the watching thread would let one slow callback delay all others. The
 * watching thread therefore first publishes all exit statuses, then passes the watch to a second
 * thread, and then runs the callbacks itself. A thread that returns while another one watches waits
 * as the spare; a second spare thread ends. {@link Callbacks} describes the handling of a callback
 * that blocks.
 *
 * <p><b>New children.</b> The thread that spawned a short-lived child usually waits for it in the
 * kernel. Waking the watcher for each of those children would cost more than it saves, so a new
 * child is added to the event queue only after it has lived for a while, or when an event of it is
 * needed.
 *
 * <p><b>Idle time.</b> Threads are daemons and start on demand. After nothing has been watched for
 * a while ({@link IdleTime}), they end, and everything that the library holds is given back: the
 * event queue, the pools, and the guardian. While no thread watches, nothing is pooled. So an
 * application that is unloaded leaves neither a thread nor a descriptor, and its class loader can
 * be collected. The queue is opened and closed with the baton held, so that no call uses the number
 * of a queue that was closed.
 *
 * <p><b>Exit of the JVM.</b> At its exit a JVM waits for threads that are in native code, for up to
 * 300 milliseconds. So a shutdown hook makes the watching thread leave the kernel: from then on it
 * waits in Java and queries the queue each millisecond, because other shutdown hooks may still wait
 * for children. {@link InterruptiblePoll} does the same for the threads that wait in it.
 */
public final class Watcher {
  /** A task of the watcher for one descriptor. */
  public interface Watched {
    /**
     * Handles the event of the descriptor. Callbacks are passed to {@link #execute}, and run
     * outside the watch.
     *
     * @param token the token of the registration
     */
    void event(long token);
  }

  /** A child that is not in the event queue yet. */
  public interface Newborn {
    /**
     * Adds the child to the event queue, unless it is already there or has exited.
     *
     * @throws UncheckedIOException if the kernel rejects the registration
     */
    void ensureWatched();
  }

  /** A task for the times when nothing happens. */
  public interface IdleTask {
    /** Gives back what has not been used since the last call. */
    void idle();
  }

  private static final int FRESH_MILLIS = 20;
  /** The interval between queries while the JVM exits. */
  static final long EXIT_NANOS = 1_000_000;

  /** The time limit for the watching thread to leave the kernel when the JVM exits. */
  private static final long LEAVE_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final EventQueue queue;
  private final long idleMillis;
  private final ConcurrentHashMap<Long, Watched> watched = new ConcurrentHashMap<>();
  private final AtomicLong tokens = new AtomicLong();
  private final ConcurrentLinkedQueue<Newborn> fresh = new ConcurrentLinkedQueue<>();
  private final Callbacks callbacks = new Callbacks();
  private final Object baton = new Object();

  /** Set while a thread watches. Changed with the baton held. */
  private volatile boolean watching;

  /** Set while the event queue is open; guarded by the baton. */
  private boolean open;

  /** The number of spawns that are under way; guarded by the baton. */
  private int spawns;

  private final List<IdleTask> idleTasks = new CopyOnWriteArrayList<>();

  /** The last time that the idle tasks ran; accessed by the watching thread only. */
  private long lastIdle = System.nanoTime();

  /** The shutdown hook, from the first watch on; guarded by the baton. */
  private @Nullable Thread hook;

  /** Set when the JVM has begun to exit. */
  private volatile boolean exiting;

  /** Set when the watching thread waits in Java because the JVM exits; guarded by the baton. */
  private boolean outOfKernel;

  /** The thread that is handling events. */
  private volatile @Nullable Thread handling;

  /** Set when the handling of events has added a callback; accessed by that thread only. */
  private boolean added;

  private @Nullable Turn spare;
  private volatile boolean ticking;
  private long lastTick = System.nanoTime();

  /** Creates a watcher for an event queue, without starting a thread. */
  public Watcher(EventQueue queue) {
    this(queue, IdleTime.MILLIS);
  }

  /** Creates a watcher whose threads end after a different idle time, for tests. */
  Watcher(EventQueue queue, long idleMillis) {
    this.queue = queue;
    this.idleMillis = idleMillis;
  }

  /**
   * Registers a task that the watching thread runs after each idle time, also if descriptors are
   * watched.
   */
  public void whenIdle(IdleTask task) {
    idleTasks.add(task);
  }

  /**
   * Opens the event queue for a child that is about to be created, so that its registration needs
   * no further resources. {@link #endSpawn} must follow.
   *
   * @throws IOException if the system lacks the resources
   */
  public void beginSpawn() throws IOException {
    synchronized (baton) {
      open();
      spawns++;
    }
  }

  /** Ends a spawn, after {@link #adopt} if it succeeded. */
  public void endSpawn() {
    synchronized (baton) {
      spawns--;
      if (!watching && !idleTasks.isEmpty()) {
        startWatching(); // A spawn that failed may have left something to give back.
      }
      closeIfUnused();
    }
  }

  /** Registers a new child, whose exit status is collected even if no thread waits for it. */
  public void adopt(Newborn child) {
    fresh.add(child);
    // If no thread could be started for another child, this one tries again.
    if (!ticking || !watching) {
      ticking = true;
      ensureAwake();
    }
  }

  /**
   * Watches a descriptor as {@link EventQueue.Interest} describes.
   *
   * @return the token for {@link #unwatch} and {@link #watchAgain}
   * @throws IOException if the kernel rejects the registration
   */
  public long watch(int fd, EventQueue.Interest interest, Watched task) throws IOException {
    Long token = tokens.incrementAndGet();
    synchronized (baton) {
      open();
      watched.put(token, task);
    }
    try {
      queue.add(fd, interest, token);
    } catch (IOException e) {
      synchronized (baton) {
        watched.remove(token);
        closeIfUnused();
      }
      throw e;
    }
    ensureWatching();
    return token;
  }

  /**
   * Watches a descriptor again after a registration that reports once has done so.
   *
   * @throws IOException if the kernel rejects the registration
   */
  public void watchAgain(int fd, EventQueue.Interest interest, long token) throws IOException {
    queue.again(fd, interest, token);
  }

  /** Stops watching a descriptor. */
  public void unwatch(int fd, EventQueue.Interest interest, long token) {
    synchronized (baton) {
      if (watched.remove(token) != null) {
        queue.remove(fd, interest);
      }
    }
  }

  /**
   * Watches an internal socket of the library.
   *
   * @param readable called in the watching thread whenever the socket is readable; returns whether
   *     to continue
   * @return the token for {@link #forget}
   * @throws IOException if the kernel rejects the registration
   */
  public long watchSocket(OwnedDescriptor socket, BooleanSupplier readable) throws IOException {
    try (OwnedDescriptor.Loan loan = socket.lend()) {
      return watch(loan.fd(), EventQueue.Interest.READABLE, new SocketWatch(socket, readable));
    }
  }

  private final class SocketWatch implements Watched {
    private final OwnedDescriptor socket;
    private final BooleanSupplier readable;

    SocketWatch(OwnedDescriptor socket, BooleanSupplier readable) {
      this.socket = socket;
      this.readable = readable;
    }

    @Override
    public void event(long token) {
      boolean again = false;
      try {
        if (readable.getAsBoolean() && !socket.isClosed()) {
          try (OwnedDescriptor.Loan loan = socket.lend()) {
            watchAgain(loan.fd(), EventQueue.Interest.READABLE, token);
            again = true;
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        }
      } finally {
        if (!again) {
          watched.remove(token);
        }
      }
    }
  }

  /** Stops watching a socket, which must still be open. */
  public void forget(OwnedDescriptor socket, long token) {
    try (OwnedDescriptor.Loan loan = socket.lend()) {
      unwatch(loan.fd(), EventQueue.Interest.READABLE, token);
    }
  }

  /**
   * Runs tasks in a thread of the library: in the current one, after it has passed on the watch, if
   * it is handling an event.
   */
  public void execute(List<Runnable> tasks) {
    if (tasks.isEmpty()) {
      return;
    }
    callbacks.add(tasks);
    if (Thread.currentThread() == handling) {
      added = true;
      return;
    }
    start(callbacks, "procdesc-callback");
    // A watching thread is needed to detect that a task blocks.
    ensureAwake();
  }

  /** Returns the number of watched descriptors, for tests and diagnosis. */
  int size() {
    return watched.size() + fresh.size();
  }

  /** Ensures that a thread watches. */
  private void ensureWatching() {
    synchronized (baton) {
      if (!watching) {
        startWatching();
      }
    }
  }

  /** Ensures that a thread watches, and that it looks for new work. */
  private void ensureAwake() {
    synchronized (baton) {
      if (watching) {
        queue.wake();
      } else {
        startWatching();
      }
    }
  }

  /** Called with the baton held. */
  private void startWatching() {
    try {
      open();
    } catch (IOException e) {
      LOG.log(System.Logger.Level.ERROR, "no event queue can be opened", e);
      return; // The next opportunity tries again, as after passOn().
    }
    addHook();
    watching = passOn();
    if (watching) {
      Pooling.begin();
    }
  }

  /** Opens the event queue if it is not open. Called with the baton held. */
  private void open() throws IOException {
    if (!open) {
      queue.open();
      open = true;
    }
  }

  /** Called with the baton held. */
  private boolean isUsed() {
    return spawns > 0 || !watched.isEmpty() || !fresh.isEmpty() || !callbacks.isEmpty();
  }

  /** Closes the event queue if no thread watches and none will. Called with the baton held. */
  private void closeIfUnused() {
    if (open && !watching && !isUsed()) {
      queue.close();
      open = false;
    }
  }

  /** Adds the shutdown hook at the first watch. Called with the baton held. */
  private void addHook() {
    if (hook != null || exiting) {
      return;
    }
    Thread thread = Threads.prepare("procdesc-exit", new ExitHook());
    try {
      Runtime.getRuntime().addShutdownHook(thread);
      hook = thread;
    } catch (IllegalStateException e) {
      exiting = true; // The JVM is already exiting.
    }
  }

  /** Removes the shutdown hook, which refers to the class loader. Called with the baton held. */
  private void removeHook() {
    if (hook == null) {
      return;
    }
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
      hook = null;
    } catch (IllegalStateException e) {
      exiting = true; // The JVM is already exiting.
    }
  }

  /** The body of the shutdown hook. */
  private final class ExitHook implements Runnable {
    @Override
    public void run() {
      prepareForExit();
    }
  }

  /** Makes the threads of the library that wait in the kernel wait in Java. */
  private void prepareForExit() {
    exiting = true;
    InterruptiblePoll.prepareForExit();
    Deadline deadline = Deadline.in(LEAVE_NANOS);
    synchronized (baton) {
      if (watching) {
        queue.wake();
      }
      try {
        while (watching && !outOfKernel && !deadline.isOver()) {
          TimeUnit.NANOSECONDS.timedWait(baton, deadline.left());
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt(); // The exit only takes longer.
      }
    }
  }

  /** Waits for events while the JVM exits. */
  private void awaitExiting() {
    Events events = new Events();
    queue.await(0, events);
    if (events.came) {
      return;
    }
    synchronized (baton) {
      if (!outOfKernel) {
        outOfKernel = true;
        baton.notifyAll();
      }
    }
    LockSupport.parkNanos(this, EXIT_NANOS);
  }

  /**
   * Passes the watch to the spare thread, or to a new one. Called with the baton held.
   *
   * @return false if there is no spare thread and none can be started
   */
  private boolean passOn() {
    Turn waiting = spare;
    if (waiting != null) {
      spare = null;
      waiting.hasCome = true;
      baton.notifyAll();
      return true;
    }
    return start(new Watch(), "procdesc-watcher");
  }

  /** The body of a watching thread. */
  private final class Watch implements Runnable {
    @Override
    public void run() {
      watchAndRun();
    }
  }

  /**
   * Starts a thread. If the system cannot create one, the caller retries at the next opportunity:
   * this must not end the thread that watches all children.
   */
  private static boolean start(Runnable body, String name) {
    try {
      Threads.startDaemon(name, body);
      return true;
    } catch (OutOfMemoryError e) {
      LOG.log(System.Logger.Level.ERROR, "no thread can be started for " + name, e);
      return false;
    }
  }

  private void watchAndRun() {
    while (watchOnce()) {
      if (!added) {
        continue;
      }
      added = false;
      boolean passedOn;
      synchronized (baton) {
        passedOn = passOn();
      }
      callbacks.run();
      if (passedOn && !waitAsSpare()) {
        return;
      }
    }
  }

  /** Handles one round of events; returns false if the watch ended because it was idle. */
  private boolean watchOnce() {
    boolean ticks = ticking || !callbacks.isEmpty();
    long start = System.nanoTime();
    int timeout = ticks ? FRESH_MILLIS : (int) idleMillis;
    handling = Thread.currentThread();
    if (exiting) {
      awaitExiting();
    } else {
      queue.await(timeout, new Events());
    }
    handling = null;
    if (ticks) {
      tick();
    }
    if (isIdleSince(lastIdle)) {
      lastIdle = System.nanoTime();
      runIdleTasks();
    }
    return ticks || added || !isIdleSince(start) || !end();
  }

  private boolean isIdleSince(long nanos) {
    return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - nanos) >= idleMillis - 1;
  }

  /** Ends the watch if nothing is watched; returns whether it ended. */
  private boolean end() {
    synchronized (baton) {
      // A thread that adds a descriptor or a child does so before it requests the watch under this
      // lock.
      if (isUsed()) {
        return false;
      }
      watching = false;
      Pooling.end();
      baton.notifyAll(); // The shutdown hook may be waiting for this thread.
      removeHook();
      closeIfUnused();
    }
    // The first run may only notice what was used; no later one would follow.
    runIdleTasks();
    runIdleTasks();
    Unreachable.letGo();
    InterruptiblePoll.closeUnused();
    NativeMemory.freeUnused();
    return true;
  }

  private void runIdleTasks() {
    for (IdleTask task : idleTasks) {
      runSafely(task);
    }
  }

  private static void runSafely(IdleTask task) {
    try {
      task.idle();
    } catch (RuntimeException e) {
      LOG.log(System.Logger.Level.ERROR, "resources could not be given back", e);
    }
  }

  /** The events of one wait. */
  private final class Events implements LongConsumer {
    private boolean came;

    @Override
    public void accept(long token) {
      came = true;
      handle(token);
    }
  }

  /** Handles an event. A failure is logged and must not end the watch of other descriptors. */
  private void handle(long token) {
    Watched task = watched.get(token);
    if (task == null) {
      return;
    }
    try {
      task.event(token);
    } catch (RuntimeException e) {
      LOG.log(System.Logger.Level.ERROR, "an event could not be handled", e);
    }
  }

  /** Performs the periodic checks: blocked callbacks and new children. */
  private void tick() {
    long now = System.nanoTime();
    if (TimeUnit.NANOSECONDS.toMillis(now - lastTick) < FRESH_MILLIS) {
      return;
    }
    lastTick = now;
    if (callbacks.isStuck()) {
      start(callbacks, "procdesc-callback");
    }
    if (ticking) {
      adoptFresh();
    }
  }

  /** Adds the children to the event queue that have lived since the last check. */
  private void adoptFresh() {
    int count = fresh.size();
    if (count == 0) {
      ticking = false;
      // Otherwise a child added before the flag was cleared would wait for the next child.
      if (!fresh.isEmpty()) {
        ticking = true;
      }
      return;
    }
    for (int i = 0; i < count; i++) {
      Newborn child = fresh.poll();
      if (child != null) {
        watchFresh(child);
      }
    }
  }

  private static void watchFresh(Newborn child) {
    try {
      child.ensureWatched();
    } catch (UncheckedIOException e) {
      LOG.log(
          System.Logger.Level.ERROR,
          "a child cannot be watched; its exit is detected only when it is queried",
          e);
    }
  }

  /** Waits for the watch; returns false if a spare thread exists already or the time is over. */
  private boolean waitAsSpare() {
    Deadline deadline = Deadline.in(TimeUnit.MILLISECONDS.toNanos(idleMillis));
    synchronized (baton) {
      if (spare != null) {
        return false;
      }
      Turn turn = new Turn();
      spare = turn;
      try {
        while (!turn.hasCome && !deadline.isOver()) {
          TimeUnit.NANOSECONDS.timedWait(baton, deadline.left());
        }
      } catch (InterruptedException e) {
        // A callback left the status set. The thread ends, unless it was just given the watch.
        LOG.log(System.Logger.Level.DEBUG, "a spare watcher was interrupted", e);
      }
      if (!turn.hasCome) {
        spare = null;
      }
      return turn.hasCome;
    }
  }

  /** The request of a spare thread for the watch; guarded by the baton. */
  private static final class Turn {
    private boolean hasCome;
  }
}
