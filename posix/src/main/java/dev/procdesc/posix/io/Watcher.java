package dev.procdesc.posix.io;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The one thread that watches all children of the JVM: it collects their statuses, completes their
 * futures, reaps released and closed ones, and tells virtual threads when a pipe is ready.
 *
 * <p><b>Callbacks.</b> Handing each to an executor would add a hand-over to every notification;
 * running it in the watching thread would let one slow callback delay everybody. So the watching
 * thread first publishes all statuses, then gives the watch to a second thread, and then runs the
 * callbacks itself. A thread that comes back to find the watch kept waits as the spare; more than
 * one spare ends. {@link Callbacks} says what happens when one blocks.
 *
 * <p><b>Fresh children.</b> Most children that live for a moment are waited for by the thread that
 * spawned them, in the kernel. Waking the watcher for each of those would cost more than it gives,
 * so a new child is put into the kernel's set only when it has lived for a while, or when somebody
 * needs an event of it.
 *
 * <p>Threads are daemons, start at first need, and end when nothing has been watched for a while,
 * so that a class loader is not held forever.
 */
public final class Watcher {
  /** A task of the watcher for one descriptor. */
  public interface Watched {
    /**
     * Called when the descriptor has its event.
     *
     * @param token what it was watched by
     * @return what is left to run outside the watch: completing futures, one each
     */
    List<Runnable> event(long token);
  }

  /** A child that is not in the kernel's set yet. */
  public interface Newborn {
    /**
     * Adds the child to the kernel's set, unless it is there or has ended.
     *
     * @throws UncheckedIOException if the kernel refuses
     */
    void ensureWatched();
  }

  private static final System.Logger LOG = System.getLogger("dev.procdesc");
  private static final int FRESH_MILLIS = 20;
  private static final long IDLE_MILLIS = 30_000;

  private final EventQueue queue;
  private final long idleMillis;
  private final ConcurrentHashMap<Long, Watched> watched = new ConcurrentHashMap<>();
  private final AtomicLong tokens = new AtomicLong();
  private final ConcurrentLinkedQueue<Newborn> fresh = new ConcurrentLinkedQueue<>();
  private final Callbacks callbacks = new Callbacks();
  private final Object baton = new Object();
  private boolean watching;
  private @Nullable Turn spare;
  private volatile boolean ticking;
  private long lastTick = System.nanoTime();

  /** A watcher over an event queue; no thread runs yet. */
  public Watcher(EventQueue queue) {
    this(queue, IDLE_MILLIS);
  }

  /** With another time of idleness after which a thread ends, for tests. */
  Watcher(EventQueue queue, long idleMillis) {
    this.queue = queue;
    this.idleMillis = idleMillis;
  }

  /** Takes care of a new child: its status will be collected without anybody waiting for it. */
  public void adopt(Newborn child) {
    fresh.add(child);
    if (!ticking) {
      ticking = true;
      if (!ensureWatching()) {
        queue.wake();
      }
    }
  }

  /**
   * Watches a descriptor until its event.
   *
   * @return the token to unwatch it by
   */
  public long watch(int fd, EventQueue.Interest interest, Watched task) throws IOException {
    Long token = tokens.incrementAndGet();
    watched.put(token, task);
    try {
      queue.add(fd, interest, token);
    } catch (IOException e) {
      watched.remove(token);
      throw e;
    }
    ensureWatching();
    return token;
  }

  /** Watches a descriptor again, for the next thing. */
  public void watchAgain(int fd, EventQueue.Interest interest, long token) throws IOException {
    queue.again(fd, interest, token);
  }

  /** Ends a watch. */
  public void unwatch(int fd, EventQueue.Interest interest, long token) {
    if (watched.remove(token) != null) {
      queue.remove(fd, interest);
    }
  }

  /**
   * Watches a socket of the library's own.
   *
   * @param readable called in the watching thread whenever something can be read; tells whether to
   *     go on
   * @return the token for {@link #forget}
   */
  public long watchSocket(OwnedDescriptor socket, BooleanSupplier readable) throws IOException {
    int fd = socket.acquire();
    try {
      return watch(fd, EventQueue.Interest.READABLE, new SocketWatch(socket, readable));
    } finally {
      socket.release();
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
    public List<Runnable> event(long token) {
      boolean again = false;
      try {
        if (readable.getAsBoolean() && !socket.isClosed()) {
          int fd = socket.acquire();
          try {
            watchAgain(fd, EventQueue.Interest.READABLE, token);
            again = true;
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          } finally {
            socket.release();
          }
        }
      } finally {
        if (!again) {
          watched.remove(token);
        }
      }
      return List.of();
    }
  }

  /** Ends the watch of a socket, which is still open. */
  public void forget(OwnedDescriptor socket, long token) {
    int fd = socket.acquire();
    try {
      unwatch(fd, EventQueue.Interest.READABLE, token);
    } finally {
      socket.release();
    }
  }

  /** Runs tasks in a thread of the library. */
  public void execute(List<Runnable> tasks) {
    if (!tasks.isEmpty()) {
      callbacks.add(tasks);
      start(callbacks::drain, "procdesc-callback");
      // The watch must be there to see that one of them blocks.
      if (!ensureWatching()) {
        queue.wake();
      }
    }
  }

  /** How many descriptors are watched: for tests and diagnosis. */
  int size() {
    return watched.size() + fresh.size();
  }

  /** Makes sure that a thread watches; tells whether it was started now. */
  private boolean ensureWatching() {
    synchronized (baton) {
      if (watching) {
        return false;
      }
      watching = passOn();
      return watching;
    }
  }

  /**
   * Gives the watch to the spare thread, or to a new one. Called with the baton held.
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
    return start(this::watchAndRun, "procdesc-watcher");
  }

  /**
   * Starts a thread. Where the system has none left, whatever it was for is tried again at the next
   * occasion: what watches all children must not end for that.
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
    List<Runnable> left = new ArrayList<>();
    while (true) {
      if (!watchOnce(left)) {
        return;
      }
      if (left.isEmpty()) {
        continue;
      }
      callbacks.add(left);
      left.clear();
      boolean passedOn;
      synchronized (baton) {
        passedOn = passOn();
      }
      callbacks.drain();
      if (passedOn && !waitAsSpare()) {
        return;
      }
    }
  }

  /** One round of events. False if the watch ended because nothing was watched for long. */
  private boolean watchOnce(List<Runnable> left) {
    boolean ticks = ticking || !callbacks.isEmpty();
    long start = System.nanoTime();
    int timeout = ticks ? FRESH_MILLIS : (int) idleMillis;
    queue.await(timeout, token -> {
      Watched task = watched.get(token);
      if (task != null) {
        left.addAll(eventOf(task, token));
      }
    });
    if (ticks) {
      tick();
    } else if (left.isEmpty()
        && TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start) >= idleMillis - 1) {
      synchronized (baton) {
        // Whoever adds a descriptor does so before it asks for a watching thread under this lock.
        if (watched.isEmpty() && fresh.isEmpty()) {
          watching = false;
          return false;
        }
      }
    }
    return true;
  }

  /** What is wrong with one descriptor must not end the watch of all the others. */
  private static List<Runnable> eventOf(Watched task, long token) {
    try {
      return task.event(token);
    } catch (RuntimeException e) {
      LOG.log(System.Logger.Level.ERROR, "an event could not be handled", e);
      return List.of();
    }
  }

  /** What is done every few milliseconds, as long as there is a reason. */
  private void tick() {
    long now = System.nanoTime();
    if (TimeUnit.NANOSECONDS.toMillis(now - lastTick) < FRESH_MILLIS) {
      return;
    }
    lastTick = now;
    if (callbacks.isStuck()) {
      start(callbacks::drain, "procdesc-callback");
    }
    if (ticking) {
      adoptFresh();
    }
  }

  /** Puts the children into the kernel's set that have lived since the last look. */
  private void adoptFresh() {
    int count = fresh.size();
    if (count == 0) {
      ticking = false;
      // A child that was added before the flag fell would wait for the next one otherwise.
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
          "a child cannot be watched; its end is seen when asked for",
          e);
    }
  }

  /** Waits for the watch. False if there is a spare thread already, or it took too long. */
  private boolean waitAsSpare() {
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(idleMillis);
    synchronized (baton) {
      if (spare != null) {
        return false;
      }
      Turn turn = new Turn();
      spare = turn;
      try {
        long left = deadline - System.nanoTime();
        while (!turn.hasCome && left > 0) {
          TimeUnit.NANOSECONDS.timedWait(baton, left);
          left = deadline - System.nanoTime();
        }
      } catch (InterruptedException e) {
        // A callback left the status set; the thread ends, unless the watch was just given to it.
        LOG.log(System.Logger.Level.DEBUG, "a spare watcher was interrupted", e);
      }
      if (!turn.hasCome) {
        spare = null;
      }
      return turn.hasCome;
    }
  }

  /** Whether the watch has come to the thread that waits for it. */
  private static final class Turn {
    private boolean hasCome;
  }
}
