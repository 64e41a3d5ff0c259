package dev.procdesc.linux.guardian;

import dev.procdesc.ClosedDescriptorException;
import dev.procdesc.OnClose;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.SpawnException;
import dev.procdesc.UnsupportedFeatureException;
import dev.procdesc.linux.kernel.Memfd;
import dev.procdesc.linux.kernel.Numbers;
import dev.procdesc.linux.kernel.Pidfd;
import dev.procdesc.linux.kernel.Probes;
import dev.procdesc.linux.kernel.ScriptLaunch;
import dev.procdesc.linux.kernel.Syscalls;
import dev.procdesc.posix.channel.Sockets;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeArena;
import dev.procdesc.posix.ffi.NativeMemory;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.ffi.SystemStrings;
import dev.procdesc.posix.io.OwnedDescriptor;
import dev.procdesc.posix.io.Threads;
import dev.procdesc.posix.io.Watcher;
import dev.procdesc.posix.process.ProcessState;
import dev.procdesc.posix.spawn.ChildScript;
import dev.procdesc.posix.spawn.ChildScript.Purpose;
import dev.procdesc.posix.spawn.ChildSetup;
import dev.procdesc.posix.spawn.SpawnStub;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
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
 * <p>Rejected: PR_SET_PDEATHSIG, which follows the thread that spawned, not the process, and is
 * lost in a set-user-ID exec; a shutdown hook, which SIGKILL does not run; a watchdog as the parent
 * of each child, which would be one additional process for each.
 */
public final class Guardian {
  private static final System.Logger LOG = System.getLogger("dev.procdesc");
  private static final int REGISTER = 1;
  private static final int SHARE = 3;
  private static final int READY = 16;
  private static final int LOST = 17;
  private static final int RELEASE = 2;
  private static final int UNSHARED = 19;
  private static final int FLAG_LIFELINE = 1;
  private static final int FLAG_GROUP = 2;
  private static final int FLAG_CGROUP = 4;
  private static final int FLAG_SENDER = 8;
  private static final int MESSAGE_SIZE = 16;
  private static final int SOCKET_AT = 3;
  private static final int JVM_AT = 4;
  private static final int START_MILLIS = 30_000;
  private static final int START_ATTEMPTS = 3;

  /** The interval between attempts to replace a guardian, at first and at most. */
  private static final long FIRST_RETRY_MILLIS = 10;

  private static final long LAST_RETRY_MILLIS = 5_000;

  /**
   * The time that a starting child waits for a guardian that does not read, before its spawn fails.
   */
  private static final long SEND_SECONDS = 30;

  private static final Purpose STARTING =
      new Purpose(SpawnException.Step.GUARD, "start the guardian", "");
  private static final Purpose GUARDING =
      new Purpose(SpawnException.Step.GUARD, "tell the guardian", "");
  private static final Purpose UNSHARING =
      new Purpose(SpawnException.Step.GUARD, "unshare(CLONE_FILES)", "");

  private final Probes probes;
  private final Watcher watcher;
  private final Map<Long, Guarded> registrations = new ConcurrentHashMap<>();
  private final AtomicLong ids = new AtomicLong();

  /** The number of registrations with a lifeline. */
  private final AtomicInteger lifelines = new AtomicInteger();

  private @Nullable Link current;
  private Optional<String> unavailable = Optional.empty();

  /** Set when a guardian was ready once, so that an obstacle to the next one is temporary. */
  private boolean hasWorked;

  public Guardian(Probes probes, Watcher watcher) {
    this.probes = probes;
    this.watcher = watcher;
  }

  /** A guardian process, and this JVM's end of the socket to it. */
  public static final class Link {
    private final OwnedDescriptor socket;
    private final int pidfd;
    private final boolean bySender;
    private final long capacity;
    private volatile long watch;

    Link(OwnedDescriptor socket, int pidfd, boolean bySender, long capacity) {
      this.socket = socket;
      this.pidfd = pidfd;
      this.bySender = bySender;
      this.capacity = capacity;
    }

    public OwnedDescriptor socket() {
      return socket;
    }
  }

  /**
   * The registration of a child with the guardian.
   *
   * @param id the number of the registration in messages
   * @param link the guardian that the child notifies
   * @param kind the processes to be killed
   * @param cgroupKill the open {@code cgroup.kill}, for {@link OnClose#KILL_CGROUP}
   * @param byTable whether the child must be created with this JVM's descriptor table, in which the
   *     kernel has just stored its pidfd: the guardian is not informed of the sender, and the child
   *     has no permission to open itself
   */
  public record Registration(
      long id, Link link, OnClose kind, Optional<OwnedDescriptor> cgroupKill, boolean byTable) {
    private int flags() {
      return (kind == OnClose.KILL_GROUP ? FLAG_GROUP : 0)
          | (kind == OnClose.KILL_CGROUP ? FLAG_CGROUP : 0);
    }
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
  public synchronized Optional<String> startIfNeeded() throws SpawnException {
    if (current == null && unavailable.isEmpty()) {
      String how = "starting it from a memfd";
      try {
        if (probes.mayUse(Probes.GUARDIAN)) {
          Link link = startPatiently();
          current = link;
          hasWorked = true;
          registrations.values().forEach(guarded -> handOver(link, guarded));
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
              SpawnException.Step.GUARD, "start the guardian", "", -Numbers.EPIPE, how);
        }
        unavailable = Optional.of(how);
      }
      probes.note(Probes.GUARDIAN, how, current != null, "permission to execute a memfd");
    }
    if (unavailable.isEmpty() && current != null && !canBeTold(current)) {
      return Optional.of(
          "in the descriptor-only mode, the launcher's child can register only with SO_PASSPIDFD"
              + " (Linux 6.5)");
    }
    return unavailable;
  }

  /**
   * Returns whether a child can identify itself to the guardian: by the kernel, by its ID, or by
   * the descriptor of its launch.
   */
  private boolean canBeTold(Link link) {
    return link.bySender || !probes.isConfined() || !probes.spawnsByName();
  }

  /**
   * Creates the registration of a child that is about to be created. The child's script sends it to
   * the guardian.
   */
  public Registration newRegistration(OnClose kind, Optional<OwnedDescriptor> cgroupKill)
      throws SpawnException {
    Link link;
    synchronized (this) {
      if (startIfNeeded().isPresent()) {
        throw new IllegalStateException(unavailable.orElseThrow());
      }
      link = Objects.requireNonNull(current);
    }
    if (registrations.size() + lifelines.get() >= link.capacity) {
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
    return new Registration(
        ids.incrementAndGet(), link, kind, cgroupKill, !link.bySender && probes.isConfined());
  }

  /**
   * Allocates the place for the pidfd from clone. It is in a control message, so that a child that
   * shares this JVM's descriptor table can send the message unchanged.
   */
  public static NativeArena.Place placeForPidfd(NativeArena arena) {
    NativeArena.Place control = arena.allocate(Numbers.CMSG_DATA + 2 * Long.BYTES);
    return new NativeArena.Place(
        control.address() + Numbers.CMSG_DATA, control.bytes(), control.at() + Numbers.CMSG_DATA);
  }

  /**
   * Adds the child's registration message to its script.
   *
   * @param socket this JVM's end of the socket, which the child also has until it executes its
   *     program
   * @param pidfd the place from {@link #placeForPidfd}
   * @param cgroupKill the number of the registration's cgroup.kill, if it has one
   */
  public static void tell(
      Registration registration,
      int socket,
      NativeArena.Place pidfd,
      Optional<Integer> cgroupKill,
      ChildScript script,
      NativeArena arena) {
    boolean bySender = registration.link().bySender;
    int flags = registration.flags() | (bySender ? FLAG_SENDER : 0);
    int descriptors = (bySender ? 0 : 1) + (cgroupKill.isPresent() ? 1 : 0);
    NativeArena.Place header =
        messageHeader(arena, REGISTER, flags, registration.id(), descriptors);
    if (registration.byTable()) {
      long control = pidfd.address() - Numbers.CMSG_DATA;
      header.bytes().putLong(header.at() + Numbers.MSGHDR_CONTROL, control);
      writeControl(pidfd.bytes(), pidfd.at() - Numbers.CMSG_DATA, descriptors);
      cgroupKill.ifPresent(kill -> pidfd.bytes().putInt(pidfd.at() + Integer.BYTES, kill));
      script.step(GUARDING, Numbers.SYS_SENDMSG, socket, header.address(), Numbers.MSG_NOSIGNAL);
      // From here on the child has a separate descriptor table, as every other child.
      script.step(UNSHARING, Numbers.SYS_UNSHARE, Numbers.CLONE_FILES);
      return;
    }
    long data = header.address() + Numbers.MSGHDR_SIZE + Numbers.CMSG_DATA;
    if (!bySender) {
      // Before Linux 6.5 the kernel does not report the sender by descriptor, so the child opens
      // one.
      script.step(GUARDING, Numbers.SYS_GETPID).passOn(0);
      script.step(GUARDING, Numbers.SYS_PIDFD_OPEN, 0, 0).storeAt(data);
      data += Integer.BYTES;
    }
    if (cgroupKill.isPresent()) {
      // A result is stored as a word, so a later one must be stored after an earlier one.
      script
          .step(GUARDING, Numbers.SYS_FCNTL, cgroupKill.get(), Numbers.POSIX.fDupfdCloexec(), 0)
          .storeAt(data);
    }
    script.step(GUARDING, Numbers.SYS_SENDMSG, socket, header.address(), Numbers.MSG_NOSIGNAL);
  }

  private static void write(ByteBuffer bytes, int at, int type, int flags, long id) {
    bytes.putInt(at, type).putInt(at + 4, flags).putLong(at + 8, id);
  }

  /** Writes a message and a {@code struct msghdr} for it, followed by room for descriptors. */
  private static NativeArena.Place messageHeader(
      NativeArena arena, int type, int flags, long id, int descriptors) {
    NativeArena.Place message = arena.allocate(MESSAGE_SIZE);
    write(message.bytes(), message.at(), type, flags, id);
    long vector = arena.words(message.address(), MESSAGE_SIZE);
    // There is one more word than two descriptors need, because results are stored as whole words.
    int room = Numbers.CMSG_DATA + 2 * Long.BYTES;
    NativeArena.Place header = arena.allocate(Numbers.MSGHDR_SIZE + room);
    ByteBuffer bytes = header.bytes();
    for (int i = 0; i < Numbers.MSGHDR_SIZE + room; i += Long.BYTES) {
      bytes.putLong(header.at() + i, 0);
    }
    bytes.putLong(header.at() + Numbers.MSGHDR_IOV, vector);
    bytes.putLong(header.at() + Numbers.MSGHDR_IOVLEN, 1);
    if (descriptors > 0) {
      int length = Numbers.CMSG_DATA + descriptors * Integer.BYTES;
      bytes.putLong(header.at() + Numbers.MSGHDR_CONTROL, header.address() + Numbers.MSGHDR_SIZE);
      bytes.putLong(header.at() + Numbers.MSGHDR_CONTROLLEN, (length + 7) & ~7);
      writeControl(bytes, header.at() + Numbers.MSGHDR_SIZE, descriptors);
    }
    return header;
  }

  /** Begins a control message that contains descriptors. */
  private static void writeControl(ByteBuffer bytes, int at, int descriptors) {
    bytes
        .putLong(at, Numbers.CMSG_DATA + (long) descriptors * Integer.BYTES)
        .putInt(at + 8, Numbers.SOL_SOCKET)
        .putInt(at + 12, Numbers.SCM_RIGHTS);
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
      Link link = current;
      if (link != null && link != registration.link()) {
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
      throw Errors.failed("tell the guardian", guarded.core(), -Numbers.EPIPE);
    }
    if (registrations.size() + lifelines.get() >= link.capacity) {
      throw Errors.failed("tell the guardian", guarded.core(), -PosixNumbers.EMFILE);
    }
    OwnedDescriptor read;
    OwnedDescriptor write;
    try (NativeArena arena = new NativeArena()) {
      NativeArena.Place pair = arena.allocate(8);
      int outcome = LibC.pipe2(pair.address(), Numbers.POSIX.oCloexec());
      if (outcome < 0) {
        throw Errors.failed("pipe2", "a lifeline", outcome);
      }
      read = OwnedDescriptor.take(pair.bytes().getInt(pair.at()), "a lifeline's end");
      write = OwnedDescriptor.take(pair.bytes().getInt(pair.at() + 4), "a lifeline");
    }
    if (!registrations.replace(
        registration.id(), guarded, new Guarded(registration, guarded.core(), Optional.of(read)))) {
      read.close();
      write.close();
      return Optional.empty(); // It has just ended.
    }
    lifelines.incrementAndGet();
    int end;
    try {
      end = read.acquire();
    } catch (ClosedDescriptorException e) {
      write.close();
      return Optional.empty(); // It ended just after the check above.
    }
    try (NativeArena arena = new NativeArena()) {
      NativeArena.Place header = messageHeader(arena, SHARE, 0, registration.id(), 1);
      header.bytes().putInt(header.at() + Numbers.MSGHDR_SIZE + Numbers.CMSG_DATA, end);
      if (send(link, header) < 0) {
        replace(link); // The successor receives the lifeline with all registrations.
      }
    } finally {
      read.release();
    }
    return Optional.of(write);
  }

  /**
   * Makes the guardian discard a registration, which it would otherwise retain for processes other
   * than the child.
   */
  public void release(Registration registration) {
    forget(registration);
    synchronized (this) {
      Link link = current;
      if (link != null) {
        try (NativeArena arena = new NativeArena()) {
          send(link, messageHeader(arena, RELEASE, 0, registration.id(), 0));
        }
      }
    }
  }

  /** Ensures that there is another guardian after a child could not reach its guardian. */
  public void lost(Link link) {
    synchronized (this) {
      if (current == link) {
        replace(link);
      }
    }
  }

  /** Starts a new guardian and sends it all registrations. Called with the lock held. */
  private void replace(Link old) {
    current = null;
    watcher.forget(old.socket, old.watch);
    old.socket.close();
    // The old guardian has exited or is unusable: its end of the socket is closed.
    Syscalls.pidfdSendSignal(old.pidfd, PosixNumbers.SIGKILL, 0, 0);
    Pidfd.reap(old.pidfd);
    LibC.close(old.pidfd);
    Optional<String> problem;
    try {
      problem = startIfNeeded();
    } catch (SpawnException e) {
      problem = Optional.of(String.valueOf(e.getMessage()));
      Threads.startDaemon("procdesc-guardian", this::keepTrying);
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
   * Retries until there is a guardian again, or no child to guard: the missing resources may become
   * available.
   */
  private void keepTrying() {
    long millis = FIRST_RETRY_MILLIS;
    while (true) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(millis));
      millis = Math.min(2 * millis, LAST_RETRY_MILLIS);
      synchronized (this) {
        // A spawn may have started one meanwhile.
        if (current != null || registrations.isEmpty()) {
          return;
        }
        try {
          if (startIfNeeded().isEmpty()) {
            tellReplaced();
          }
          return;
        } catch (SpawnException e) {
          LOG.log(System.Logger.Level.DEBUG, "there is still no guardian", e);
        }
      }
    }
  }

  private static void handOver(Link link, Guarded guarded) {
    Optional<Integer> lifeline;
    try {
      lifeline = guarded.lifeline().map(OwnedDescriptor::acquire);
    } catch (ClosedDescriptorException e) {
      return; // It has just ended.
    }
    try {
      handOver(link, guarded, lifeline);
    } finally {
      guarded.lifeline().ifPresent(OwnedDescriptor::release);
    }
  }

  private static void handOver(Link link, Guarded guarded, Optional<Integer> lifeline) {
    Registration registration = guarded.registration();
    Optional<OwnedDescriptor> cgroupKill = registration.cgroupKill();
    guarded.core().withDescriptor(pidfd -> {
      try (NativeArena arena = new NativeArena()) {
        List<Integer> descriptors = new ArrayList<>(List.of(pidfd));
        lifeline.ifPresent(descriptors::add);
        cgroupKill.ifPresent(kill -> descriptors.add(kill.number()));
        int flags = registration.flags() | (lifeline.isPresent() ? FLAG_LIFELINE : 0);
        NativeArena.Place header =
            messageHeader(arena, REGISTER, flags, registration.id(), descriptors.size());
        int data = header.at() + Numbers.MSGHDR_SIZE + Numbers.CMSG_DATA;
        for (int i = 0; i < descriptors.size(); i++) {
          header.bytes().putInt(data + i * Integer.BYTES, descriptors.get(i));
        }
        int outcome = send(link, header);
        // If this guardian has exited too, the watcher detects that, and the next one receives all
        // registrations.
        if (outcome < 0 && outcome != -Numbers.EPIPE && outcome != -Numbers.ECONNRESET) {
          LOG.log(
              System.Logger.Level.ERROR,
              "{0} could not be registered with the guardian: {1}",
              guarded.core(),
              Errors.describe(-outcome));
        }
      }
    });
  }

  private static int send(Link link, NativeArena.Place header) {
    int socket = link.socket.acquire();
    try {
      return Sockets.sendmsg(socket, header.address(), Numbers.MSG_NOSIGNAL);
    } finally {
      link.socket.release();
    }
  }

  // ---- Starting

  /**
   * Starts a guardian, with retries: one that ends before it is ready may have been killed, but not
   * every time.
   */
  private Link startPatiently() throws IOException {
    for (int attempt = 1; ; attempt++) {
      try {
        return start();
      } catch (EndedAtOnceException e) {
        if (attempt == START_ATTEMPTS) {
          throw e;
        }
      }
    }
  }

  /** Thrown when the guardian ended before it was ready. */
  private static final class EndedAtOnceException extends IOException {
    private static final long serialVersionUID = 1L;

    EndedAtOnceException() {
      super("the guardian ended at once; a seccomp filter or security module may prevent it");
    }
  }

  private Link start() throws IOException {
    try (NativeArena arena = probes.arena();
        Descriptors opened = new Descriptors()) {
      NativeArena.Place pair = arena.allocate(8);
      check(
          "socketpair",
          Sockets.socketpair(
              Numbers.AF_UNIX, Numbers.SOCK_SEQPACKET | Numbers.SOCK_CLOEXEC, pair.address()));
      int ours = pair.bytes().getInt(pair.at());
      OwnedDescriptor socket = OwnedDescriptor.take(ours, "the socket to the guardian");
      try {
        int theirs = opened.add(pair.bytes().getInt(pair.at() + 4));
        boolean bySender = probes.mayUse(Probes.SENDER_PIDFD)
            && Sockets.setsockopt(
                    theirs, Numbers.SOL_SOCKET, Numbers.SO_PASSPIDFD, arena.ints(1), 4)
                == 0;
        probes.note(Probes.SENDER_PIDFD, "setsockopt(SO_PASSPIDFD)", bySender, "Linux 6.5");
        check(
            "setsockopt(SO_SNDTIMEO)",
            Sockets.setsockopt(
                ours, Numbers.SOL_SOCKET, Numbers.SO_SNDTIMEO, arena.words(SEND_SECONDS, 0), 16));
        int self = opened.add(check("pidfd_open", Syscalls.pidfdOpen(Syscalls.getpid(), 0)));
        int program = opened.add(Memfd.ofProgram("guardian", arena));
        int pidfd = spawn(arena, opened, theirs, self, program);
        // Only the guardian may hold its end now; otherwise its exit would not be detected.
        opened.closeAll();
        try {
          long capacity = awaitReady(ours);
          Link link = new Link(socket, pidfd, bySender, capacity);
          link.watch = watcher.watchSocket(socket, () -> receive(link));
          return link;
        } catch (IOException e) {
          Syscalls.pidfdSendSignal(pidfd, PosixNumbers.SIGKILL, 0, 0);
          Pidfd.reap(pidfd);
          LibC.close(pidfd);
          throw e;
        }
      } catch (IOException | RuntimeException e) {
        socket.close();
        throw e;
      }
    }
  }

  /** A group of descriptors that are closed together. */
  private static final class Descriptors implements AutoCloseable {
    private final List<Integer> all = new ArrayList<>();

    int add(int fd) {
      all.add(fd);
      return fd;
    }

    void closeAll() {
      all.forEach(LibC::close);
      all.clear();
    }

    @Override
    public void close() {
      closeAll();
    }
  }

  private int spawn(NativeArena arena, Descriptors opened, int socket, int self, int program)
      throws IOException {
    int above = JVM_AT + 1;
    int socketCopy = opened.add(lift(socket, above));
    int selfCopy = opened.add(lift(self, above));
    int programCopy = opened.add(lift(program, above));
    try (ScriptLaunch launch = probes.launch(arena, above)) {
      return spawn(arena, launch, socketCopy, selfCopy, programCopy);
    }
  }

  private int spawn(
      NativeArena arena, ScriptLaunch launch, int socketCopy, int selfCopy, int programCopy)
      throws IOException {
    ChildScript script = new ChildScript();
    launch.begin(script);
    script.step(STARTING, Numbers.SYS_SETSID);
    script.step(STARTING, Numbers.SYS_CHDIR, arena.string("/"));
    script.step(STARTING, Numbers.SYS_DUP3, socketCopy, SOCKET_AT, 0);
    script.step(STARTING, Numbers.SYS_DUP3, selfCopy, JVM_AT, 0);
    SortedSet<Integer> open = new TreeSet<>(List.of(SOCKET_AT, JVM_AT, programCopy));
    open.addAll(launch.kept());
    ChildSetup.closeAllBut(script, open, probes.openLimit(), Numbers.SETUP);
    launch.closeOnExec(script, programCopy);
    // The signals stay blocked, so that no signal can end the guardian at any moment.
    long argv =
        arena.strings(List.of(SystemStrings.encode("procdesc-guardian of " + Syscalls.getpid())));
    script.step(
        STARTING,
        Numbers.SYS_EXECVEAT,
        programCopy,
        arena.string(""),
        argv,
        arena.strings(List.of()),
        Numbers.AT_EMPTY_PATH);
    NativeArena.Place pidfd = arena.allocate(8);
    Set<Integer> needed = Set.of(socketCopy, selfCopy, programCopy);
    SpawnStub.Run run = launch.run(script, pidfd, probes.ownFlags(), Optional.empty(), needed);
    if (run.created() == -Numbers.EEXIST) {
      throw new EndedAtOnceException(); // The launcher had no room; a retry may have.
    }
    if (run.created() < 0) {
      throw Errors.failed(launch.operation(), "the guardian", run.created());
    }
    int fd = pidfd.bytes().getInt(pidfd.at());
    if (!run.executed()) {
      Pidfd.reap(fd);
      LibC.close(fd);
      throw Errors.failed(
          run.failedStep() == script.size() - 1 ? "execveat(memfd)" : "prepare",
          "the guardian",
          run.results().get(run.failedStep()));
    }
    return fd;
  }

  private static int lift(int fd, int above) throws IOException {
    return check("fcntl(F_DUPFD_CLOEXEC)", LibC.fcntl(fd, Numbers.POSIX.fDupfdCloexec(), above));
  }

  private static int check(String operation, int outcome) throws IOException {
    if (outcome < 0) {
      throw Errors.failed(operation, "the guardian", outcome);
    }
    return outcome;
  }

  /**
   * Waits for the first message, which contains the number of children that the guardian can guard.
   *
   * @return the number of children
   */
  private static long awaitReady(int socket) throws IOException {
    try (NativeMemory memory = NativeMemory.borrow()) {
      ByteBuffer bytes = memory.bytes();
      bytes.putInt(0, socket).putInt(4, PosixNumbers.POLLIN);
      if (LibC.poll(memory.address(), 1, START_MILLIS) <= 0) {
        throw new IOException("the guardian started and does not respond");
      }
      long count = Syscalls.recv(socket, memory.address(), MESSAGE_SIZE, Numbers.MSG_DONTWAIT);
      if (count != MESSAGE_SIZE || bytes.getInt(0) != READY) {
        throw new EndedAtOnceException();
      }
      // The guardian counts two descriptors for each child; the children of this JVM need one.
      return bytes.getLong(8) * 2;
    }
  }

  /**
   * Reads the guardian's messages; an end of file means that it has exited. Runs in the watcher.
   */
  private boolean receive(Link link) {
    try (NativeMemory memory = NativeMemory.borrow()) {
      ByteBuffer bytes = memory.bytes();
      while (true) {
        long count;
        int fd;
        try {
          fd = link.socket.acquire();
        } catch (ClosedDescriptorException e) {
          return false; // Replaced by a thread whose child could not reach it.
        }
        try {
          count = Syscalls.recv(fd, memory.address(), MESSAGE_SIZE, Numbers.MSG_DONTWAIT);
        } finally {
          link.socket.release();
        }
        if (count == -Numbers.POSIX.eagain()) {
          return true;
        }
        if (count < MESSAGE_SIZE) {
          watcher.execute(List.of(() -> lost(link)));
          return false;
        }
        if (bytes.getInt(0) == UNSHARED) {
          Guarded guarded = registrations.get(bytes.getLong(8));
          LOG.log(
              System.Logger.Level.ERROR,
              "{0}, whose descriptor was sent to another process, dies with this JVM: {1}",
              guarded == null ? "a child" : guarded.core(),
              Errors.describe(bytes.getInt(4)));
        }
        if (bytes.getInt(0) == LOST && bytes.getInt(4) != Numbers.EEXIST) {
          lostRegistration(bytes.getLong(8), bytes.getInt(4));
        }
      }
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
