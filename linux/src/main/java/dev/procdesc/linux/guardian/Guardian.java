package dev.procdesc.linux.guardian;

import static dev.procdesc.posix.io.Logging.LOG;

import dev.procdesc.ClosedDescriptorException;
import dev.procdesc.Feature;
import dev.procdesc.OnClose;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.SpawnException;
import dev.procdesc.UnsupportedFeatureException;
import dev.procdesc.linux.kernel.Numbers;
import dev.procdesc.linux.kernel.Pidfd;
import dev.procdesc.linux.kernel.Probes;
import dev.procdesc.linux.kernel.Syscalls;
import dev.procdesc.posix.ffi.Descriptors;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeArena;
import dev.procdesc.posix.ffi.NativeMemory;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.io.EventQueue;
import dev.procdesc.posix.io.OwnedDescriptor;
import dev.procdesc.posix.io.Threads;
import dev.procdesc.posix.io.Watcher;
import dev.procdesc.posix.probe.Unsupported;
import dev.procdesc.posix.process.ProcessState;
import dev.procdesc.posix.recording.Recorder;
import dev.procdesc.spi.Since;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The JVM's side of the guardian, the small process that kills the JVM's children when the JVM
 * dies. The guardian and its messages are described at the top of
 * {@code linux/src/main/native/guardian.c}.
 *
 * <p>A child registers itself with the guardian, by one message between its creation and its
 * program, so that there is no moment at which the JVM could die and leave the child running. The
 * JVM itself sends registrations only when a new guardian takes over: it hands over every child
 * that is still alive.
 *
 * <p>A guardian without charges for a while is dismissed, and the next child gets a new one. It is
 * never dismissed between {@link #newRegistration} and the end of that child: both the dismissal
 * and the registration hold the lock, and a registration counts from its creation. It is not killed
 * but loses its socket, and exits when it has no registration left, because processes that other
 * JVMs hold may have a lifeline at which it still waits.
 *
 * <p>Rejected: PR_SET_PDEATHSIG, which follows the thread that spawned, not the process, and is
 * lost in a set-user-ID exec; a shutdown hook, which SIGKILL does not run; a watchdog as the parent
 * of each child, which would be one additional process for each.
 */
public final class Guardian implements Watcher.IdleTask {
  /** The interval between attempts to replace a guardian, at first and at most. */
  private static final long FIRST_RETRY_MILLIS = 10;

  private static final long LAST_RETRY_MILLIS = 5_000;

  private final Probes probes;
  private final Watcher watcher;
  private final Map<Long, Guarded> registrations = new ConcurrentHashMap<>();
  private final AtomicLong ids = new AtomicLong();

  /** The time for a dismissed guardian to exit, before its end is watched for. */
  private static final int FAREWELL_MILLIS = 100;

  /** The number of registrations whose children are being created; guarded by this. */
  private int starting;

  /** Set when the guardian was used since the last check whether it is idle; guarded by this. */
  private boolean used;

  /** The number of registrations with a lifeline. */
  private final AtomicInteger lifelines = new AtomicInteger();

  private @Nullable Link current;

  /** The watcher's token for the socket of the current guardian. */
  private long watch;

  private Optional<String> unavailable = Optional.empty();

  /** Set when a guardian was ready once, so that an obstacle to the next one is temporary. */
  private boolean hasWorked;

  /** Set when a guardian has ended unexpectedly, until there is another one; guarded by this. */
  private boolean replaces;

  /** Set while a thread tries to replace the guardian. */
  private boolean retrying;

  public Guardian(Probes probes, Watcher watcher) {
    this.probes = probes;
    this.watcher = watcher;
    watcher.whenIdle(this);
  }

  /**
   * The registration of a child that was created.
   *
   * @param lifeline the read end that the guardian watches, if the descriptor was sent to other
   *     processes; a successor of the guardian needs it too
   */
  private record Guarded(
      Registration registration, ProcessState core, Optional<OwnedDescriptor> lifeline) {}

  /**
   * Starts the guardian if necessary. Returns the reason why that is impossible; empty if it is
   * running.
   */
  public synchronized Optional<String> unavailable() {
    try {
      return startIfNeeded();
    } catch (SpawnException e) {
      return Optional.of(String.valueOf(e.getMessage()));
    }
  }

  /** Returns the process, if a guardian is running. It is not reaped before this method returns. */
  public synchronized Optional<ProcessHandle> process() {
    return current == null ? Optional.empty() : ProcessHandle.of(current.pid());
  }

  private static boolean isShortage(int errno) {
    return errno == PosixNumbers.EMFILE
        || errno == Numbers.ENFILE
        || errno == PosixNumbers.ENOMEM
        || errno == Numbers.POSIX.eagain();
  }

  /**
   * Starts the guardian like {@link #unavailable}, but throws for a lack of resources, which is
   * temporary. A new guardian receives all existing registrations.
   */
  private synchronized Optional<String> startIfNeeded() throws SpawnException {
    if (current == null && unavailable.isEmpty()) {
      String how = "starting it from a memfd";
      try {
        if (probes.mayUse(Probes.GUARDIAN)) {
          Link link = start();
          current = link;
          hasWorked = true;
          for (Guarded guarded : registrations.values()) {
            handOver(link, guarded);
          }
          Recorder recorder = Recorder.find();
          if (recorder != null) {
            recorder.guardianStarted(link.pid(), replaces, registrations.size());
          }
          replaces = false;
        } else {
          unavailable = Optional.of("it is disabled by -D" + Probes.DISABLE);
        }
      } catch (ProcessDescriptorException e) {
        if (isShortage(e.errno()) || hasWorked) {
          // The shortage is temporary, so the next spawn tries again.
          throw Errors.spawn(SpawnException.Step.GUARD, e.operation(), e.subject(), -e.errno(), "");
        }
        how = String.valueOf(e.getMessage());
        unavailable = Optional.of(how);
      } catch (UnsupportedFeatureException e) {
        // There is no close_range, and there are too many descriptors to close one by one.
        how = String.valueOf(e.getMessage());
        unavailable = Optional.of(how);
      } catch (IOException e) {
        how = String.valueOf(e.getMessage());
        if (hasWorked) {
          // A guardian has worked before, so another process or a temporary failure prevented the
          // start.
          throw Errors.spawn(
              SpawnException.Step.GUARD, "start the guardian", "", -PosixNumbers.EPIPE, how);
        }
        unavailable = Optional.of(how);
      }
      probes.note(Probes.GUARDIAN, how, current != null, "permission to execute a memfd");
    }
    if (unavailable.isEmpty() && current != null && !canBeTold(current)) {
      return Optional.of(
          "in the descriptor-only mode, the launcher's child can register only with SO_PASSPIDFD ("
              + Since.SO_PASSPIDFD
              + ")");
    }
    return unavailable;
  }

  /**
   * Returns whether a child can identify itself to the guardian: by the kernel, by its ID, or by
   * the descriptor of its launch.
   */
  private boolean canBeTold(Link link) {
    return link.bySender() || !probes.isConfined() || !probes.spawnsByName();
  }

  private Link start() throws IOException {
    Link link = GuardianStart.patiently(probes);
    try {
      watch = watcher.watchSocket(link.socket(), new BooleanSupplier() {
        @Override
        public boolean getAsBoolean() {
          return receive(link);
        }
      });
      return link;
    } catch (IOException e) {
      link.end();
      reap(link.pidfd());
      throw e;
    }
  }

  /**
   * Creates the registration of a child that is about to be created. The child's script sends it to
   * the guardian.
   *
   * @throws UnsupportedFeatureException if no guardian can run here
   */
  public Registration newRegistration(OnClose kind, Optional<OwnedDescriptor> cgroupKill)
      throws SpawnException {
    Link link;
    synchronized (this) {
      Optional<String> refusal = startIfNeeded();
      if (refusal.isPresent()) {
        throw Unsupported.feature(
            Feature.KILL_ON_JVM_DEATH,
            "a guardian for OnClose."
                + kind
                + " ("
                + refusal.get()
                + "); OnClose.RELEASE needs none");
      }
      link = Objects.requireNonNull(current);
      used = true;
      requireRoom(link);
      starting++;
    }
    return new Registration(
        ids.incrementAndGet(),
        link,
        kind,
        cgroupKill,
        !link.bySender() && (probes.isConfined() || probes.sharesTable()));
  }

  private void requireRoom(Link link) throws SpawnException {
    if (registrations.size() + lifelines.get() >= link.capacity()) {
      throw new SpawnException(
          SpawnException.Step.GUARD,
          "tell the guardian",
          "",
          PosixNumbers.EMFILE,
          "it guards "
              + registrations.size()
              + " children already, the maximum for the hard limit on open files; raise that"
              + " limit, or spawn with OnClose.RELEASE");
    }
  }

  /** Discards the registration of a child that was not created. */
  public synchronized void unborn() {
    starting--;
  }

  /**
   * Dismisses the guardian if it had no charges since the last call. Runs in the watcher.
   *
   * <p>In the descriptor-only mode the guardian remains, because the next one might not start.
   */
  @Override
  public void idle() {
    Link link;
    synchronized (this) {
      link = current;
      boolean idle = !used && starting == 0 && registrations.isEmpty() && !probes.isConfined();
      used = false;
      if (link == null || !idle) {
        return;
      }
      current = null;
      watcher.forget(link.socket(), watch);
      link.dismiss();
    }
    reap(link.pidfd());
  }

  /**
   * Reaps a guardian that is about to exit, and closes its descriptor: now, or in the watcher if it
   * exits later. It may be stopped, have the lifeline of a process that another process holds, or
   * be traced; then a blocking wait would delay all other children.
   */
  private void reap(int pidfd) {
    if (Descriptors.poll(pidfd, PosixNumbers.POLLIN, FAREWELL_MILLIS) > 0 && Pidfd.tryReap(pidfd)) {
      LibC.close(pidfd);
      return;
    }
    try {
      watcher.watch(pidfd, EventQueue.Interest.EXIT, token -> {
        if (Pidfd.tryReap(pidfd)) {
          watcher.unwatch(pidfd, EventQueue.Interest.EXIT, token);
          LibC.close(pidfd);
        }
      });
    } catch (IOException e) {
      LOG.log(System.Logger.Level.ERROR, "a guardian that has ended cannot be reaped", e);
    }
  }

  /**
   * Stores the registration of a child that was created, so that it can be sent to a new guardian.
   *
   * <p>If the guardian was replaced between the child's message and now, this method sends the
   * registration to the new one, because the takeover did not include this child.
   */
  public void born(Registration registration, ProcessState core) {
    Guarded guarded = new Guarded(registration, core, Optional.empty());
    registrations.put(registration.id(), guarded);
    synchronized (this) {
      starting--;
      Link link = current;
      if (link == null) {
        retry(); // The attempts may have ended because no child was registered.
      } else if (!link.isSame(registration.link())) {
        handOver(link, guarded);
      }
    }
  }

  /** Discards a registration that has ended. */
  public void forget(Registration registration) {
    Guarded guarded = registrations.remove(registration.id());
    if (guarded != null && guarded.lifeline().isPresent()) {
      guarded.lifeline().get().close();
      lifelines.decrementAndGet();
    }
  }

  /**
   * Adds a lifeline to a registration: from now on the child is killed when no process has the
   * write end any more, and not when this JVM dies. When this method returns, the message is in the
   * guardian's queue, which is read even after the JVM's death; so the write end may be handed out
   * at once.
   *
   * @return the write end; empty if the registration has ended
   */
  public synchronized Optional<OwnedDescriptor> share(Registration registration)
      throws ProcessDescriptorException {
    Guarded guarded = registrations.get(registration.id());
    if (guarded == null) {
      return Optional.empty();
    }
    Link link = current;
    if (link == null) {
      throw Errors.failed("tell the guardian", guarded.core(), -PosixNumbers.EPIPE);
    }
    if (registrations.size() + lifelines.get() >= link.capacity()) {
      throw Errors.failed("tell the guardian", guarded.core(), -PosixNumbers.EMFILE);
    }
    int[] ends = new int[2];
    int outcome = Descriptors.pipe(ends, Numbers.POSIX.oCloexec());
    if (outcome < 0) {
      throw Errors.failed("pipe2", "a lifeline", outcome);
    }
    OwnedDescriptor read = OwnedDescriptor.take(ends[0], "a lifeline's end");
    OwnedDescriptor write = OwnedDescriptor.take(ends[1], "a lifeline");
    if (!registrations.replace(
        registration.id(), guarded, new Guarded(registration, guarded.core(), Optional.of(read)))) {
      read.close();
      write.close();
      return Optional.empty(); // It has just ended.
    }
    lifelines.incrementAndGet();
    Message share = new Message(Message.SHARE, 0, registration.id());
    try (OwnedDescriptor.Loan end = read.lend();
        NativeArena arena = new NativeArena()) {
      if (link.send(share.write(arena, new int[] {end.fd()})) < 0) {
        replace(link); // The successor receives the lifeline with all registrations.
      }
    } catch (ClosedDescriptorException e) {
      write.close();
      return Optional.empty(); // It ended just after the check above.
    }
    return Optional.of(write);
  }

  /**
   * Makes the guardian discard a registration, which it would otherwise retain for processes other
   * than the child.
   */
  public synchronized void release(Registration registration) {
    forget(registration);
    Link link = current;
    if (link != null) {
      try (NativeArena arena = new NativeArena()) {
        link.send(new Message(Message.RELEASE, 0, registration.id()).write(arena, 0));
      }
    }
  }

  /** Ensures that there is another guardian after a child could not reach its guardian. */
  public void lost(Link link) {
    synchronized (this) {
      if (current != null && link.isSame(current)) {
        replace(link);
      }
    }
  }

  /** Starts a new guardian and sends it all registrations. Called with the lock held. */
  private void replace(Link old) {
    current = null;
    replaces = true;
    watcher.forget(old.socket(), watch);
    old.end();
    reap(old.pidfd());
    Optional<String> problem;
    try {
      problem = startIfNeeded();
    } catch (SpawnException e) {
      problem = Optional.of(String.valueOf(e.getMessage()));
      retry();
    }
    if (problem.isPresent()) {
      LOG.log(
          System.Logger.Level.ERROR,
          "the guardian of this JVM''s children ended and cannot be replaced ({0}); {1} children"
              + " outlive the JVM if it is killed",
          problem.get(),
          registrations.size());
    } else {
      tellReplaced();
    }
  }

  private void tellReplaced() {
    LOG.log(
        System.Logger.Level.WARNING,
        "the guardian of this JVM''s children ended unexpectedly; a new one guards {0} children",
        registrations.size());
  }

  /**
   * Starts the attempts to replace the guardian, if they are not under way. Called with the lock.
   */
  private void retry() {
    if (!retrying && unavailable.isEmpty()) {
      Threads.startDaemon("procdesc-guardian", this::keepTrying);
      retrying = true;
    }
  }

  /**
   * Retries until there is a guardian again, or no child to guard: the missing resources may become
   * available.
   */
  private void keepTrying() {
    long millis = FIRST_RETRY_MILLIS;
    do {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(millis));
      millis = Math.min(2 * millis, LAST_RETRY_MILLIS);
    } while (!tryOnce());
  }

  /**
   * Returns whether no further attempt is needed; a spawn may have started a guardian meanwhile.
   */
  private synchronized boolean tryOnce() {
    if (current == null && !registrations.isEmpty()) {
      try {
        if (startIfNeeded().isEmpty()) {
          tellReplaced();
        }
      } catch (SpawnException e) {
        LOG.log(System.Logger.Level.DEBUG, "there is still no guardian", e);
        return false;
      }
    }
    retrying = false;
    return true;
  }

  /** Registers an existing child with a new guardian. */
  private static void handOver(Link link, Guarded guarded) {
    List<OwnedDescriptor.Loan> loans = new ArrayList<>(2);
    try {
      guarded.lifeline().ifPresent(lifeline -> loans.add(lifeline.lend()));
      guarded.registration().cgroupKill().ifPresent(kill -> loans.add(kill.lend()));
      guarded.core().withDescriptor(pidfd -> {
        IntStream others = loans.stream().mapToInt(OwnedDescriptor.Loan::fd);
        register(link, guarded, IntStream.concat(IntStream.of(pidfd), others).toArray());
      });
    } catch (ClosedDescriptorException e) {
      return; // It has just ended.
    } finally {
      loans.forEach(OwnedDescriptor.Loan::close);
    }
  }

  private static void register(Link link, Guarded guarded, int[] descriptors) {
    Registration registration = guarded.registration();
    int flags = registration.flags() | (guarded.lifeline().isPresent() ? Message.FLAG_LIFELINE : 0);
    try (NativeArena arena = new NativeArena()) {
      int outcome = link.send(
          new Message(Message.REGISTER, flags, registration.id()).write(arena, descriptors));
      // If this guardian has exited too, the watcher detects that, and the next one receives all
      // registrations.
      if (outcome < 0 && outcome != -PosixNumbers.EPIPE && outcome != -Numbers.ECONNRESET) {
        LOG.log(
            System.Logger.Level.ERROR,
            "{0} could not be registered with the guardian: {1}",
            guarded.core(),
            Errors.describe(-outcome));
      }
    }
  }

  /**
   * Reads the guardian's messages; an end of file means that it has exited. Runs in the watcher.
   *
   * @return whether the guardian is running
   */
  private boolean receive(Link link) {
    try (NativeMemory memory = NativeMemory.borrow()) {
      while (true) {
        long count = link.receive(memory);
        if (count == -Numbers.POSIX.eagain()) {
          return true;
        }
        if (count < Message.SIZE) {
          watcher.execute(List.of(() -> lost(link)));
          return false;
        }
        received(Message.read(memory.bytes()));
      }
    } catch (ClosedDescriptorException e) {
      return false; // Replaced by a thread whose child could not reach it.
    }
  }

  private void received(Message message) {
    if (message.type() == Message.UNSHARED) {
      Guarded guarded = registrations.get(message.id());
      LOG.log(
          System.Logger.Level.ERROR,
          "{0}, whose descriptor was sent to another process, dies with this JVM: {1}",
          guarded == null ? "a child" : guarded.core(),
          Errors.describe(message.flags()));
    }
    if (message.type() == Message.LOST && message.flags() != Numbers.EEXIST) {
      lostRegistration(message.id(), message.flags());
    }
  }

  /** Kills a child that could not be registered: otherwise it would outlive the JVM unnoticed. */
  private void lostRegistration(long id, int errno) {
    Guarded guarded = registrations.get(id);
    LOG.log(
        System.Logger.Level.ERROR,
        "{0} could not be registered with the guardian ({1}) and is killed",
        guarded == null ? "a child" : guarded.core(),
        Errors.describe(errno));
    if (guarded != null) {
      guarded.core().withDescriptor(fd -> Syscalls.pidfdSendSignal(fd, PosixNumbers.SIGKILL, 0, 0));
    }
  }
}
