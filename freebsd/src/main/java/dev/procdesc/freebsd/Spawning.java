package dev.procdesc.freebsd;

import dev.procdesc.ChildProcess;
import dev.procdesc.Feature;
import dev.procdesc.OnClose;
import dev.procdesc.SpawnException;
import dev.procdesc.SpawnException.Step;
import dev.procdesc.UnsupportedFeatureException;
import dev.procdesc.posix.ChildDescriptors;
import dev.procdesc.posix.ChildScript;
import dev.procdesc.posix.DescriptorChild;
import dev.procdesc.posix.Environment;
import dev.procdesc.posix.Errors;
import dev.procdesc.posix.LibC;
import dev.procdesc.posix.OwnedDescriptor;
import dev.procdesc.posix.PosixNumbers;
import dev.procdesc.posix.ProcessCore;
import dev.procdesc.posix.SpawnArena;
import dev.procdesc.posix.SpawnStub;
import dev.procdesc.posix.SystemStrings;
import dev.procdesc.posix.Users;
import dev.procdesc.posix.Watcher;
import dev.procdesc.spi.Program;
import dev.procdesc.spi.SpawnRequest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.locks.LockSupport;

/**
 * How children are born. There are four ways to do it from a JVM:
 *
 * <ul>
 *   <li>fork and exec in C or Java: runs code in a process that has lost all threads but one;
 *       rejected.
 *   <li>pdrfork with RFSPAWN (FreeBSD 15.1), running nothing but the spawn stub in the child:
 *       chosen. The child shares the memory of the JVM and suspends the calling thread, as with
 *       vfork.
 *   <li>pdfork with the same stub: before 15.1. The child is a copy; its script is in shared
 *       memory, and the end of a close-on-exec pipe tells that it has executed its program or
 *       ended. The kernel copies the page tables, but commits to no memory.
 *   <li>the C library's posix_spawn with a process descriptor (15.1): knows few of the options; the
 *       lowest rung, {@link LibcSpawning}.
 * </ul>
 */
final class Spawning {
  /** ETXTBSY and EAGAIN pass within milliseconds or not at all: 1 + 2 + 4 … 64 ms in all. */
  private static final int ATTEMPTS = 8;

  private static final byte[] DEFAULT_PATH = SystemStrings.encode("/bin:/usr/bin");

  /**
   * Those that a copy of the JVM gets back to their default in any case: a signal that waits for
   * the mask to be lifted must not run one of the JVM's handlers in the child.
   */
  private static final BitSet ORDINARY_SIGNALS = new BitSet();

  static {
    ORDINARY_SIGNALS.set(1, Numbers.LAST_ORDINARY_SIGNAL + 1);
    ORDINARY_SIGNALS.clear(PosixNumbers.SIGKILL);
    ORDINARY_SIGNALS.clear(Numbers.SIGSTOP);
  }

  private final IgnoredSignals ignoredSignals = new IgnoredSignals();
  private final Kernel kernel;
  private final Watcher watcher;
  private final Waiting waiting;
  private final Waiting waitingForUsage;

  Spawning(Kernel kernel, Watcher watcher) throws IOException {
    this.kernel = kernel;
    this.watcher = watcher;
    this.waiting = new Waiting(kernel, false);
    this.waitingForUsage = new Waiting(kernel, true);
  }

  ChildProcess spawn(SpawnRequest request) throws IOException {
    refuseWhatIsNotThere(request);
    try (SpawnArena arena = SpawnArena.shared(Numbers.POSIX);
        ChildDescriptors descriptors =
            ChildDescriptors.open(request.descriptors(), Numbers.POSIX, watcher, arena)) {
      Born born = kernel.rung() == Kernel.Rung.POSIX_SPAWN
          ? new LibcSpawning(kernel, arena, request, descriptors).spawn()
          : new Attempt(arena, request, descriptors).spawn();
      ProcessCore core = new ProcessCore(
          OwnedDescriptor.take(born.descriptor(), "the descriptor of process " + born.pid()),
          born.pid(),
          request.onClose() == OnClose.RELEASE ? Optional.empty() : Optional.of(new Closing()),
          request.collectUsage() ? waitingForUsage : waiting,
          watcher);
      descriptors.handOver();
      return new DescriptorChild(
          core, request.onClose(), descriptors.inputs(), descriptors.outputs());
    }
  }

  private void refuseWhatIsNotThere(SpawnRequest request) {
    if (request.onClose() == OnClose.KILL_GROUP) {
      throw FreeBsdBackend.unsupported(
          Feature.KILL_GROUP, "a kernel that kills a group when its leader's descriptor is closed");
    }
    if (request.onClose() == OnClose.KILL_CGROUP) {
      throw FreeBsdBackend.unsupported(Feature.KILL_CGROUP, "control groups");
    }
    if (request.cgroup().isPresent()) {
      throw FreeBsdBackend.unsupported(Feature.CGROUP, "control groups");
    }
    if (request.noNewPrivileges() && !kernel.noNewPrivs().present()) {
      throw FreeBsdBackend.unsupported(
          Feature.NO_NEW_PRIVILEGES, kernel.noNewPrivs().lacks());
    }
  }

  /** A child that executes its program. */
  record Born(int descriptor, long pid) {}

  /** The candidates for a program, by the rules of execvp. */
  static List<byte[]> candidates(String name, List<byte[]> environment) {
    byte[] program = SystemStrings.encode(name);
    if (name.indexOf('/') >= 0) {
      return List.of(program);
    }
    byte[] path = Environment.value(environment, "PATH").orElse(DEFAULT_PATH);
    List<byte[]> all = new ArrayList<>();
    ByteArrayOutputStream candidate = new ByteArrayOutputStream();
    for (int i = 0; i <= path.length; i++) {
      if (i < path.length && path[i] != ':') {
        candidate.write(path[i]);
        continue;
      }
      // An empty element is the working directory.
      if (candidate.size() > 0) {
        candidate.write('/');
      }
      candidate.writeBytes(program);
      all.add(candidate.toByteArray());
      candidate.reset();
    }
    return all;
  }

  /** One spawn by the stub. */
  private final class Attempt {
    private final SpawnArena arena;
    private final SpawnRequest request;
    private final ChildDescriptors descriptors;
    private final List<byte[]> environment;
    private final Users.Identity identity;

    Attempt(SpawnArena arena, SpawnRequest request, ChildDescriptors descriptors)
        throws IOException {
      this.arena = arena;
      this.request = request;
      this.descriptors = descriptors;
      this.environment = Environment.of(request.inheritEnvironment(), request.environment());
      boolean otherIdentity = request.user().isPresent()
          || request.group().isPresent()
          || request.supplementaryGroups().isPresent();
      this.identity = otherIdentity
          ? Users.identify(request.user(), request.group(), request.supplementaryGroups())
          : new Users.Identity(Optional.empty(), Optional.empty(), Optional.empty());
    }

    Born spawn() throws IOException {
      for (int attempt = 1; ; attempt++) {
        try {
          return kernel.rung() == Kernel.Rung.PDRFORK ? spawnSharing() : spawnCopy();
        } catch (SpawnException e) {
          if (!isPassing(e) || attempt == ATTEMPTS || Thread.currentThread().isInterrupted()) {
            throw e;
          }
        }
        LockSupport.parkNanos(1_000_000L << (attempt - 1));
      }
    }

    private boolean isPassing(SpawnException failure) {
      boolean again = failure.errno() == Numbers.POSIX.eagain();
      return switch (failure.step()) {
        case CREATE -> again;
        case EXECUTE -> again || failure.errno() == PosixNumbers.ETXTBSY;
        default -> false;
      };
    }

    private int flags() {
      return kernel.descriptorFlags(request.onClose() == OnClose.RELEASE);
    }

    /** A child that shares our memory, and has executed or ended when the call returns. */
    private Born spawnSharing() throws IOException {
      SpawnArena.Place place = arena.allocate(8);
      ChildScript script = script(Set.of());
      long[] create = {Numbers.SYS_PDRFORK, place.address(), flags(), Numbers.RFSPAWN};
      SpawnStub.Started started = kernel.stub().start(arena, script, create);
      return born(started, place, script);
    }

    /** A child with a copy of our memory; the end of a pipe tells that it has left it. */
    private Born spawnCopy() throws IOException {
      SpawnArena.Place place = arena.allocate(8);
      SpawnArena.Place pair = arena.allocate(8);
      int outcome = LibC.pipe2(pair.address(), Numbers.POSIX.oCloexec());
      if (outcome < 0) {
        throw Errors.spawn(Step.PREPARE, "pipe2", "to hear of the child's exec", outcome, "");
      }
      int readEnd = pair.bytes().getInt(pair.at());
      int writeEnd = pair.bytes().getInt(pair.at() + 4);
      try {
        SpawnStub.Started started;
        ChildScript script;
        try {
          writeEnd = moveUp(writeEnd);
          script = script(Set.of(writeEnd));
          long[] create = {Numbers.SYS_PDFORK, place.address(), flags()};
          started = kernel.stub().start(arena, script, create);
        } finally {
          LibC.close(writeEnd);
        }
        if (started.created() > 0) {
          awaitEndOfPipe(readEnd);
        }
        return born(started, place, script);
      } finally {
        LibC.close(readEnd);
      }
    }

    /** Gives the pipe a number that the child's own descriptors do not have. */
    private int moveUp(int fd) throws IOException {
      int above = descriptors.targets().last() + 1;
      int copy = LibC.fcntl(fd, Numbers.POSIX.fDupfdCloexec(), above);
      if (copy < 0) {
        throw Errors.spawn(
            Step.PREPARE, "fcntl(F_DUPFD_CLOEXEC)", "to hear of the child's exec", copy, "");
      }
      LibC.close(fd);
      return copy;
    }

    /** Exec closes the child's end, and so does its exit. */
    private void awaitEndOfPipe(int readEnd) {
      long word = arena.words(0);
      while (LibC.read(readEnd, word, 1) == -PosixNumbers.EINTR) {
        // A signal came in for this thread.
      }
    }

    private Born born(SpawnStub.Started started, SpawnArena.Place place, ChildScript script)
        throws SpawnException {
      if (started.created() < 0) {
        throw Errors.spawn(Step.CREATE, "pdfork", "", started.created(), hint(started.created()));
      }
      int fd = place.bytes().getInt(place.at());
      SpawnStub.Run run = started.outcome();
      if (run.executed()) {
        return new Born(fd, run.created());
      }
      Waiting.reap(fd, kernel.hasPdwait());
      LibC.close(fd);
      throw failure(script, run);
    }

    private String hint(long outcome) {
      return outcome == -Numbers.POSIX.eagain()
          ? "the limit of processes (RLIMIT_NPROC, kern.maxproc, kern.maxprocperuid) is reached"
          : "";
    }

    private ChildScript script(Set<Integer> kept) throws IOException {
      ScriptBuilder builder = new ScriptBuilder(arena, request, descriptors);
      builder.session().limits().identity(identity).directoryAndPrivileges();
      List<byte[]> arguments = new ArrayList<>();
      for (String argument : request.arguments()) {
        arguments.add(SystemStrings.encode(argument));
      }
      long argv = arena.strings(arguments);
      long envp = arena.strings(environment);
      if (request.program() instanceof Program.Descriptor program) {
        int fd = descriptors.lift(program.fd());
        refuseScript(fd, program.fd());
        Set<Integer> all = new TreeSet<>(kept);
        all.add(fd);
        builder.place(all, kernel.openLimit());
        builder.terminal().signals(keptSignals()).execute(fd, program.fd(), argv, envp);
      } else {
        String name = ((Program.Named) request.program()).name();
        builder.place(kept, kernel.openLimit());
        builder
            .terminal()
            .signals(keptSignals())
            .execute(candidates(name, environment), argv, envp);
      }
      return builder.script();
    }

    /**
     * fexecve of a script succeeds, and then its interpreter cannot open /dev/fd/N, which is closed
     * by then. An error that the spawn does not tell of would be none.
     */
    private void refuseScript(int fd, int programFd) throws SpawnException {
      SpawnArena.Place start = arena.allocate(8);
      // What may be executed, but not read, is left to the kernel.
      if (Calls.pread(fd, start.address(), 2, 0) == 2
          && start.bytes().get(start.at()) == '#'
          && start.bytes().get(start.at() + 1) == '!') {
        throw Errors.spawn(
            Step.EXECUTE,
            "fexecve",
            "descriptor " + programFd,
            -PosixNumbers.ENOENT,
            "a script cannot be run from a close-on-exec descriptor; give its path");
      }
    }

    /** pdfork leaves all signals as they are, RFSPAWN the ignored ones. */
    private BitSet keptSignals() {
      if (kernel.rung() == Kernel.Rung.PDRFORK) {
        return ignoredSignals.current();
      }
      BitSet all = (BitSet) ORDINARY_SIGNALS.clone();
      all.or(ignoredSignals.current());
      all.or(ignoredSignals.handled());
      return all;
    }

    private SpawnException failure(ChildScript script, SpawnStub.Run run) {
      int step = run.failedStep();
      if (step < script.size()) {
        ChildScript.Purpose purpose = script.purpose(step);
        return failure(purpose, run.results().get(step));
      }
      // Every candidate of the search failed in a way that execvp goes on after.
      int last = script.size() - 1;
      long outcome = run.results().get(last);
      int first = last;
      while (first > 0 && script.purpose(first - 1).step() == Step.EXECUTE) {
        first--;
      }
      for (int i = first; i <= last; i++) {
        if (run.results().get(i) == -PosixNumbers.EACCES) {
          return failure(script.purpose(i), run.results().get(i));
        }
      }
      String name = ((Program.Named) request.program()).name();
      return Errors.spawn(
          Step.EXECUTE,
          "execve",
          name,
          outcome == -PosixNumbers.ENOTDIR ? -PosixNumbers.ENOENT : outcome,
          "not found in PATH: "
              + SystemStrings.decode(Environment.value(environment, "PATH").orElse(DEFAULT_PATH)));
    }

    private SpawnException failure(ChildScript.Purpose purpose, long outcome) {
      return Errors.spawn(
          purpose.step(), purpose.operation(), purpose.subject(), outcome, explain(purpose, (int)
              -outcome));
    }

    private String explain(ChildScript.Purpose purpose, int errno) {
      boolean byDescriptor = request.program() instanceof Program.Descriptor;
      if (purpose.step() == Step.EXECUTE) {
        return switch (errno) {
          case PosixNumbers.ENOENT ->
            byDescriptor
                ? "a script cannot be run from a close-on-exec descriptor; give its path"
                : "there is no such file, or the interpreter that it names is missing";
          case PosixNumbers.EACCES ->
            "no permission to execute, a directory, or a file system mounted noexec";
          case Numbers.ENOEXEC -> "not a program for this machine, and no script with a #! line";
          case PosixNumbers.E2BIG ->
            "arguments and environment together, or one string of them, are too long";
          case PosixNumbers.ETXTBSY -> "the file is still open for writing somewhere";
          case Numbers.ECAPMODE ->
            "in capability mode only a program that was opened before can be executed";
          default -> "";
        };
      }
      if (purpose.step() == Step.DESCRIPTORS && errno == PosixNumbers.EBADF) {
        return "the number is beyond the limit of open files";
      }
      if (errno == Numbers.EPERM && purpose.step() == Step.USER) {
        return "changing users needs the privilege to do so";
      }
      return "";
    }
  }

  static UnsupportedFeatureException needsStub(Feature feature) {
    return FreeBsdBackend.unsupported(
        feature, "the spawn stub: pdrfork or pdfork, and leave to map code");
  }
}
