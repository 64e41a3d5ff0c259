package dev.procdesc.linux.guardian;

import dev.procdesc.SpawnException;
import dev.procdesc.linux.kernel.Memfd;
import dev.procdesc.linux.kernel.Numbers;
import dev.procdesc.linux.kernel.Pidfd;
import dev.procdesc.linux.kernel.Probes;
import dev.procdesc.linux.kernel.ScriptLaunch;
import dev.procdesc.linux.kernel.Syscalls;
import dev.procdesc.posix.channel.Sockets;
import dev.procdesc.posix.ffi.Descriptors;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeArena;
import dev.procdesc.posix.ffi.NativeMemory;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.ffi.SystemStrings;
import dev.procdesc.posix.io.OwnedDescriptor;
import dev.procdesc.posix.spawn.ChildScript;
import dev.procdesc.posix.spawn.ChildScript.Purpose;
import dev.procdesc.posix.spawn.ChildSetup;
import dev.procdesc.posix.spawn.SpawnStub;
import dev.procdesc.spi.Since;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * The start of one guardian: its socket, its program in a memfd, and its process. Closing this
 * object closes the descriptors that only the guardian may have.
 */
final class GuardianStart implements AutoCloseable {
  private static final int SOCKET_AT = 3;
  private static final int JVM_AT = 4;
  private static final int READY_MILLIS = 30_000;
  private static final int ATTEMPTS = 3;

  /**
   * The time that a starting child waits for a guardian that does not read, before its spawn fails.
   */
  private static final long SEND_SECONDS = 30;

  private static final Purpose STARTING =
      new Purpose(SpawnException.Step.GUARD, "start the guardian", "");

  private final Probes probes;
  private final NativeArena arena;
  private final List<Integer> opened = new ArrayList<>();

  /** The process ID of the guardian, once it was created. */
  private long pid;

  private GuardianStart(Probes probes) throws IOException {
    this.probes = probes;
    this.arena = probes.arena();
  }

  /**
   * Starts a guardian, with retries: one that ends before it is ready may have been killed, but not
   * every time.
   */
  static Link patiently(Probes probes) throws IOException {
    for (int attempt = 1; ; attempt++) {
      try (GuardianStart start = new GuardianStart(probes)) {
        return start.run();
      } catch (EndedAtOnceException e) {
        if (attempt == ATTEMPTS) {
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

  private Link run() throws IOException {
    NativeArena.Place pair = arena.allocate(8);
    check(
        "socketpair",
        Sockets.socketpair(
            Numbers.AF_UNIX, Numbers.SOCK_SEQPACKET | Numbers.SOCK_CLOEXEC, pair.address()));
    int ours = pair.bytes().getInt(pair.at());
    OwnedDescriptor socket = OwnedDescriptor.take(ours, "the socket to the guardian");
    try {
      int theirs = opened(pair.bytes().getInt(pair.at() + 4));
      boolean bySender = probes.mayUse(Probes.SENDER_PIDFD)
          && Sockets.setsockopt(theirs, Numbers.SOL_SOCKET, Numbers.SO_PASSPIDFD, arena.ints(1), 4)
              == 0;
      probes.note(
          Probes.SENDER_PIDFD, "setsockopt(SO_PASSPIDFD)", bySender, Since.SO_PASSPIDFD.toString());
      check(
          "setsockopt(SO_SNDTIMEO)",
          Sockets.setsockopt(
              ours, Numbers.SOL_SOCKET, Numbers.SO_SNDTIMEO, arena.words(SEND_SECONDS, 0), 16));
      int self = opened(check("pidfd_open", Syscalls.pidfdOpen(Syscalls.getpid(), 0)));
      int program = opened(Memfd.ofProgram("guardian", arena));
      int pidfd = spawn(theirs, self, program);
      // Only the guardian may hold its end now; otherwise its exit would not be detected.
      closeOpened();
      try {
        return new Link(socket, pidfd, pid, bySender, awaitReady(ours));
      } catch (IOException e) {
        Link.kill(pidfd);
        throw e;
      }
    } catch (IOException | RuntimeException e) {
      socket.close();
      throw e;
    }
  }

  private int spawn(int socket, int self, int program) throws IOException {
    int above = JVM_AT + 1;
    int socketCopy = lift(socket, above);
    int selfCopy = lift(self, above);
    int programCopy = lift(program, above);
    try (ScriptLaunch launch = probes.launch(arena, above)) {
      return spawn(launch, socketCopy, selfCopy, programCopy);
    }
  }

  private int spawn(ScriptLaunch launch, int socketCopy, int selfCopy, int programCopy)
      throws IOException {
    ChildScript script = new ChildScript();
    launch.begin(script);
    script.step(STARTING, Numbers.SYS_SETSID);
    script.step(STARTING, Numbers.SYS_CHDIR, arena.string("/"));
    script.step(STARTING, Numbers.SYS_DUP3, socketCopy, SOCKET_AT, 0);
    script.step(STARTING, Numbers.SYS_DUP3, selfCopy, JVM_AT, 0);
    SortedSet<Integer> open = new TreeSet<>(List.of(SOCKET_AT, JVM_AT, programCopy));
    open.addAll(launch.kept());
    ChildSetup.closeAllBut(script, open, probes.openLimit());
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
    SpawnStub.Run run = launch.run(script, pidfd, probes.ownFlags(), OptionalInt.empty(), needed);
    if (run.created() == -Numbers.EEXIST) {
      throw new EndedAtOnceException(); // The launcher had no room; a retry may have.
    }
    if (run.created() < 0) {
      throw Errors.failed(launch.operation(), "the guardian", run.created());
    }
    int fd = pidfd.bytes().getInt(pidfd.at());
    if (run.failed()) {
      Pidfd.reap(fd);
      LibC.close(fd);
      throw Errors.failed(
          run.failedStep() == script.size() - 1 ? "execveat(memfd)" : "prepare",
          "the guardian",
          run.results().get(run.failedStep()));
    }
    pid = run.created();
    return fd;
  }

  /** Duplicates a descriptor to a number that the guardian's descriptors do not have. */
  private int lift(int fd, int above) throws IOException {
    return opened(
        check("fcntl(F_DUPFD_CLOEXEC)", LibC.fcntl(fd, Numbers.POSIX.fDupfdCloexec(), above)));
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
    if (Descriptors.poll(socket, PosixNumbers.POLLIN, READY_MILLIS) <= 0) {
      throw new IOException("the guardian started and does not respond");
    }
    try (NativeMemory memory = NativeMemory.borrow()) {
      long count = Syscalls.recv(socket, memory.address(), Message.SIZE, Numbers.MSG_DONTWAIT);
      Message first = Message.read(memory.bytes());
      if (count != Message.SIZE || first.type() != Message.READY) {
        throw new EndedAtOnceException();
      }
      // The guardian counts two descriptors for each child; the children of this JVM need one.
      return first.id() * 2;
    }
  }

  private int opened(int fd) {
    opened.add(fd);
    return fd;
  }

  private void closeOpened() {
    for (int fd : opened) {
      LibC.close(fd);
    }
    opened.clear();
  }

  @Override
  public void close() {
    closeOpened();
    arena.close();
  }
}
