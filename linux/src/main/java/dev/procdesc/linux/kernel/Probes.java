package dev.procdesc.linux.kernel;

import dev.procdesc.ProbeResult;
import dev.procdesc.Resource;
import dev.procdesc.SpawnException;
import dev.procdesc.posix.channel.Sockets;
import dev.procdesc.posix.ffi.Architecture;
import dev.procdesc.posix.ffi.Descriptors;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeArena;
import dev.procdesc.posix.ffi.NativeFunction;
import dev.procdesc.posix.ffi.NativeMemory;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.ffi.SystemNumbers;
import dev.procdesc.posix.io.Threads;
import dev.procdesc.posix.probe.Mechanisms;
import dev.procdesc.posix.spawn.ChildScript;
import dev.procdesc.posix.spawn.ChildScript.Purpose;
import dev.procdesc.posix.spawn.ChildSetup;
import dev.procdesc.posix.spawn.SpawnStub;
import dev.procdesc.spi.Since;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * Detects the features of the running kernel and C library by calling them, because version numbers
 * are wrong under seccomp filters and with backports. Probed once, at the first spawn or the first
 * query; this costs two or three children that end at once.
 */
public final class Probes {
  /** The system property that disables mechanisms. */
  public static final String DISABLE = Mechanisms.DISABLE;

  private static final String STUB = "stub";
  private static final String CLONE3 = "clone3";
  private static final String CLONE = "clone";
  private static final String PIDFD_SPAWN = "pidfd_spawn";

  /** The program that executes the script of a child; see {@link LauncherProgram}. */
  private static final String LAUNCHER = "launcher";

  private static final String LAUNCHING = "pidfd_spawn of a memfd with an empty script";
  private static final String AUTOREAP = "autoreap";
  private static final String AUTOKILL = "autokill";
  private static final String AUTOKILL_NNP = "autokill_nnp";

  /** The guardian process. */
  public static final String GUARDIAN = "guardian";

  /**
   * The kernel's report of a message's sender by descriptor, so that a starting child needs no
   * descriptor of itself to register with the guardian.
   */
  public static final String SENDER_PIDFD = "sender_pidfd";

  private static final String EXIT_INFO = "pidfd_get_info";
  private static final String OPEN = "open_process";
  private static final String INFO = "process_info";
  private static final String PIDFS = "pidfs";
  private static final String PEER = "peer_pidfd";
  private static final String SECCOMP = "seccomp";
  private static final String CLOSE_RANGE = "close_range";

  /** A child that shares this JVM's descriptor table until it has a small copy of its own. */
  private static final String SHARED_TABLE = "shared_table";

  private static final String SHARING =
      "clone(CLONE_FILES), close_range(CLOSE_RANGE_UNSHARE) in a child";
  /** A child that opens pipes of this JVM in /proc, once it has a table of its own. */
  private static final String PIPES_BY_NAME = "pipes_by_name";

  private static final Purpose UNSHARING =
      new Purpose(SpawnException.Step.DESCRIPTORS, "close_range(CLOSE_RANGE_UNSHARE)", "");
  private static final String GROUP_SIGNAL = "group_signal";

  /** The mechanisms that create children. */
  public enum LaunchMechanism {
    CLONE3,
    CLONE,
    LAUNCHER,
    PIDFD_SPAWN
  }

  /** The number of descriptors for which a word of the kernel's bitmap of full words has a bit. */
  private static final long BITMAP_WORD = 64 * 64;

  /** The number of attempts to start a launcher that has no room for its script. */
  private static final int LAUNCH_ATTEMPTS = 8;

  /**
   * The number of descriptors that other threads may open between the query for the highest one and
   * the creation of the child. The kernel gives out the lowest free number.
   */
  private static final int OPENED_MEANWHILE = 1024;

  /** The pause while the kernel releases a thread that has ended, which takes microseconds. */
  private static final long RELEASE_NANOS = 50_000;

  private final Mechanisms mechanisms;
  private final Optional<SpawnStub> stub;
  private final Optional<LaunchMechanism> launchMechanism;
  private Optional<LauncherProgram> launcher = Optional.empty();
  private final Optional<String> unavailable;
  private volatile boolean confined;

  public Probes() {
    SystemNumbers.choose(Numbers.POSIX, Numbers.SOCKETS, Numbers.SETUP);
    unavailable = basics();
    mechanisms = new Mechanisms(unavailable, ", or no filter in the way");
    if (unavailable.isPresent()) {
      stub = Optional.empty();
      launchMechanism = Optional.empty();
      return;
    }
    String code = "spawnstub-" + Architecture.CURRENT.gnuName() + ".bin";
    stub = SpawnStub.find(
        mechanisms,
        STUB,
        Optional.ofNullable(Probes.class.getResourceAsStream("/dev/procdesc/linux/" + code)));
    boolean clone3 =
        probe(CLONE3, "clone3(CLONE_PIDFD) with an empty script", Since.CLONE3.toString(), 0);
    boolean clone =
        probe(CLONE, "clone(CLONE_PIDFD) with an empty script", Since.CLONE_PIDFD.toString(), 0);
    boolean autoreap = clone3
        && probe(
            AUTOREAP,
            "clone3(CLONE_AUTOREAP)",
            Since.CLONE_AUTOREAP.toString(),
            Numbers.CLONE_AUTOREAP);
    if (autoreap) {
      probeAutokill();
      probe(
          AUTOKILL_NNP,
          "clone3(CLONE_PIDFD_AUTOKILL | CLONE_NNP)",
          Since.CLONE_NNP.toString(),
          Numbers.CLONE_AUTOREAP | Numbers.CLONE_PIDFD_AUTOKILL | Numbers.CLONE_NNP);
    } else {
      if (!clone3) {
        mechanisms.absent(AUTOREAP, "clone3(CLONE_AUTOREAP)", "clone3");
      }
      mechanisms.absent(AUTOKILL, "clone3(CLONE_PIDFD_AUTOKILL)", Since.CLONE_PIDFD_AUTOKILL);
      mechanisms.absent(AUTOKILL_NNP, "clone3(CLONE_PIDFD_AUTOKILL | CLONE_NNP)", Since.CLONE_NNP);
    }
    boolean libcSpawn = NativeFunction.find(PIDFD_SPAWN).isPresent();
    mechanisms.decide(
        PIDFD_SPAWN, "looking up pidfd_spawn", libcSpawn ? 0 : -Numbers.ENOSYS, Since.PIDFD_SPAWN);
    boolean launches = !clone3 && !clone && probeLauncher();
    if (!mechanisms.isKnown(EXIT_INFO)) {
      // The children of the C library execute a program, and there may be none.
      mechanisms.decide(
          EXIT_INFO,
          "ioctl(PIDFD_GET_INFO) for a thread that has ended",
          mechanisms.isDisabled(EXIT_INFO) ? 0 : exitInfoOfThread(),
          Since.PIDFD_INFO_EXIT);
    }
    if (!mechanisms.isKnown(SHARED_TABLE)) {
      mechanisms.absent(SHARED_TABLE, SHARING, "the spawn stub");
    }
    mechanisms.decide(
        CLOSE_RANGE, "close_range()", Syscalls.closeRange(-1, -1, 0), Since.LINUX_CLOSE_RANGE);
    // The kernel checks the flags before the descriptor: EINVAL if they are unknown, EBADF if
    // known.
    int group = Syscalls.pidfdSendSignal(-1, 0, 0, Numbers.PIDFD_SIGNAL_PROCESS_GROUP);
    mechanisms.decide(
        GROUP_SIGNAL,
        "pidfd_send_signal(PIDFD_SIGNAL_PROCESS_GROUP)",
        group == -PosixNumbers.EBADF ? 0 : group,
        Since.PIDFD_SIGNAL_PROCESS_GROUP);
    probeSelf();
    if (clone3) {
      launchMechanism = Optional.of(LaunchMechanism.CLONE3);
    } else if (clone) {
      launchMechanism = Optional.of(LaunchMechanism.CLONE);
    } else if (launches) {
      launchMechanism = Optional.of(LaunchMechanism.LAUNCHER);
    } else if (mechanisms.has(PIDFD_SPAWN)) {
      launchMechanism = Optional.of(LaunchMechanism.PIDFD_SPAWN);
    } else {
      launchMechanism = Optional.empty();
    }
  }

  /** Opens this JVM as a process, and probes the kernel's information about it. */
  private void probeSelf() {
    int self = Syscalls.pidfdOpen(Syscalls.getpid(), 0);
    mechanisms.decide(OPEN, "pidfd_open()", self, Since.PIDFD_OPEN);
    if (self < 0) {
      mechanisms.absent(INFO, "ioctl(PIDFD_GET_INFO)", "pidfd_open for the probe");
      mechanisms.absent(PIDFS, "fstatfs() of a pidfd", "pidfd_open for the probe");
      return;
    }
    try (NativeMemory memory = NativeMemory.borrow()) {
      mechanisms.decide(
          INFO, "ioctl(PIDFD_GET_INFO)", Pidfd.info(self, memory), Since.PIDFD_GET_INFO);
      int outcome = Syscalls.fstatfs(self, memory.address());
      boolean pidfs =
          outcome == 0 && memory.bytes().getLong(Numbers.STATFS_TYPE) == Numbers.PID_FS_MAGIC;
      mechanisms.decide(
          PIDFS,
          "fstatfs() of a pidfd",
          outcome == 0 && !pidfs ? -PosixNumbers.ENODEV : outcome,
          Since.PIDFS);
    } finally {
      LibC.close(self);
    }
  }

  /** Returns whether a mechanism was not disabled. */
  public boolean mayUse(String name) {
    return !mechanisms.isDisabled(name);
  }

  /** Records the result of a probe made elsewhere. */
  public void note(String name, String how, boolean present, String lacks) {
    mechanisms.note(name, how, present, lacks);
  }

  /**
   * Checks the calls that everything else requires. Returns the problem; empty if there is none.
   */
  private Optional<String> basics() {
    int outcome = Syscalls.waitid(Numbers.P_PIDFD, Integer.MAX_VALUE, 0, Numbers.WEXITED, 0);
    if (outcome != -PosixNumbers.EBADF) {
      return Optional.of("waitid(P_PIDFD) fails with "
          + Errors.describe(-outcome)
          + ": the kernel is older than "
          + Since.P_PIDFD
          + ", or a seccomp filter refuses it");
    }
    outcome = Syscalls.pidfdSendSignal(-1, 0, 0, 0);
    if (outcome != -PosixNumbers.EBADF) {
      return Optional.of("pidfd_send_signal fails with "
          + Errors.describe(-outcome)
          + ": the kernel is older than "
          + Since.PIDFD_SEND_SIGNAL
          + ", or a seccomp filter refuses it");
    }
    return Optional.empty();
  }

  /** Returns the reason why the backend cannot work; empty if it can. */
  public Optional<String> unavailable() {
    if (unavailable.isPresent() || launchMechanism.isPresent()) {
      return unavailable;
    }
    return Optional.of("there is no way to create a child as a descriptor: "
        + mechanisms.describe(List.of(STUB, CLONE3, CLONE, LAUNCHER, PIDFD_SPAWN)));
  }

  /**
   * Returns whether the kernel kills at the last close of a child that retains its privileges. Not
   * permanent, because this JVM may give up the privilege that it requires.
   */
  public boolean probeAutokill() {
    return probe(
        AUTOKILL,
        "clone3(CLONE_PIDFD_AUTOKILL)",
        "CAP_SYS_ADMIN",
        Numbers.CLONE_AUTOREAP | Numbers.CLONE_PIDFD_AUTOKILL);
  }

  /** Creates a child that ends at once, and detects features of the kernel from it. */
  private boolean probe(String name, String how, String lacks, long flags) {
    if (mechanisms.isDisabled(name) || stub.isEmpty()) {
      mechanisms.absent(name, how, "the spawn stub");
      return false;
    }
    boolean sharing = !mechanisms.isKnown(SHARED_TABLE);
    SpawnStub.Run run = probe(name, flags, sharing);
    if (sharing && run.created() > 0) {
      mechanisms.decide(SHARED_TABLE, SHARING, run.results().get(0), Since.CLOSE_RANGE_UNSHARE);
    } else if (sharing) {
      run = probe(name, flags, false);
    }
    return mechanisms.decide(name, how, run.created(), lacks);
  }

  /**
   * Creates a child that ends at once.
   *
   * @param sharing whether it shares this JVM's descriptor table first
   */
  private SpawnStub.Run probe(String name, long flags, boolean sharing) {
    ChildScript script = new ChildScript();
    if (sharing) {
      script.tolerantStep(
          UNSHARING,
          ChildScript.TOLERATE_ALL,
          Numbers.SYS_CLOSE_RANGE,
          ChildSetup.LAST_DESCRIPTOR,
          ChildSetup.LAST_DESCRIPTOR,
          Numbers.CLOSE_RANGE_UNSHARE);
    }
    long all = flags | (sharing ? Numbers.CLONE_FILES : 0);
    try (NativeArena arena = new NativeArena()) {
      NativeArena.Place pidfd = arena.allocate(8);
      long[] create = name.equals(CLONE)
          ? clone(pidfd.address(), all)
          : clone3(arena, pidfd.address(), all, OptionalInt.empty());
      SpawnStub.Run run = stub.orElseThrow().run(arena, script, create);
      if (run.created() > 0) {
        learnFrom(pidfd.bytes().getInt(pidfd.at()));
      }
      return run;
    }
  }

  /** Reaps a child that has ended, and probes whether its exit status can still be read. */
  private void learnFrom(int fd) {
    try {
      Pidfd.reap(fd);
      if (!mechanisms.isKnown(EXIT_INFO)) {
        mechanisms.decide(EXIT_INFO, "ioctl(PIDFD_GET_INFO)", exitInfo(fd), Since.PIDFD_INFO_EXIT);
      }
    } finally {
      LibC.close(fd);
    }
  }

  /** Starts the launcher with an empty script. */
  private boolean probeLauncher() {
    if (!mechanisms.has(PIDFD_SPAWN) || mechanisms.isDisabled(LAUNCHER)) {
      mechanisms.absent(LAUNCHER, LAUNCHING, "pidfd_spawn");
      return false;
    }
    String lacks = "/proc, and permission to execute a memfd";
    try {
      LauncherProgram found = LauncherProgram.create();
      long outcome = -Numbers.EEXIST;
      for (int i = 0; i < LAUNCH_ATTEMPTS && outcome == -Numbers.EEXIST; i++) {
        outcome = probe(found);
      }
      if (outcome >= 0) {
        launcher = Optional.of(found);
      } else {
        found.discard();
      }
      return mechanisms.decide(LAUNCHER, LAUNCHING, outcome, lacks);
    } catch (IOException | UncheckedIOException e) {
      mechanisms.absent(LAUNCHER, String.valueOf(e.getMessage()), lacks);
      return false;
    }
  }

  private long probe(LauncherProgram found) throws IOException {
    try (NativeArena arena = found.arena();
        ScriptLaunch launch = found.launch(arena, 0)) {
      ChildScript script = new ChildScript();
      launch.begin(script);
      NativeArena.Place pidfd = arena.allocate(8);
      SpawnStub.Run run = launch.run(script, pidfd, 0, OptionalInt.empty(), Set.of());
      if (run.created() >= 0) {
        learnFrom(pidfd.bytes().getInt(pidfd.at()));
      }
      // The script executes nothing; so if no step ended it, it was never run.
      return run.created() >= 0 && !run.failed() ? -PosixNumbers.EPERM : run.created();
    }
  }

  /**
   * Probes whether the exit status of a reaped child can be read. Returns a negative error number
   * if not.
   */
  private static int exitInfo(int fd) {
    try (NativeMemory memory = NativeMemory.borrow()) {
      ByteBuffer bytes = memory.bytes();
      bytes.putLong(Numbers.PIDFD_INFO_MASK, Numbers.PIDFD_INFO_EXIT);
      int outcome = LibC.ioctl(fd, Numbers.PIDFD_GET_INFO, memory.address());
      boolean told = (bytes.getLong(Numbers.PIDFD_INFO_MASK) & Numbers.PIDFD_INFO_EXIT) != 0;
      return outcome >= 0 && !told ? -PosixNumbers.EINVAL : outcome;
    }
  }

  /** Opens a pidfd of the thread that runs it. */
  private static final class OwnThread implements Runnable {
    final CompletableFuture<Integer> opened = new CompletableFuture<>();

    @Override
    public void run() {
      try {
        opened.complete(Syscalls.pidfdOpen(Syscalls.gettid(), Numbers.PIDFD_THREAD));
      } catch (Throwable e) {
        opened.completeExceptionally(e); // The thread that waits throws it.
      }
    }
  }

  /**
   * Probes whether the exit status of a thread of this JVM can be read once it has ended, because
   * the kernel records it in the same way as that of a process. A pidfd of a thread exists since
   * Linux 6.9.
   */
  private static int exitInfoOfThread() {
    OwnThread thread = new OwnThread();
    Threads.startDaemon("procdesc-probe", thread);
    int fd = thread.opened.join();
    if (fd < 0) {
      return fd;
    }
    try (NativeMemory memory = NativeMemory.borrow()) {
      Descriptors.poll(fd, PosixNumbers.POLLIN, -1);
      // Before Linux 6.15 poll does not report that the kernel has released a thread that ended.
      while (Pidfd.info(fd, memory) == 0) {
        Threads.pause(RELEASE_NANOS);
      }
      return exitInfo(fd);
    } finally {
      LibC.close(fd);
    }
  }

  /**
   * Returns the call {@code clone(flags, 0, pidfd, 0, 0)}. The order of the last two arguments
   * differs between architectures; both are zero.
   */
  public static long[] clone(long pidfd, long flags) {
    long all = Numbers.CLONE_VM | Numbers.CLONE_VFORK | Numbers.CLONE_PIDFD | flags;
    return new long[] {Numbers.SYS_CLONE, all, 0, pidfd, 0, 0};
  }

  /** Returns the call {@code clone3(args, size)}. */
  public static long[] clone3(NativeArena arena, long pidfd, long flags, OptionalInt cgroup) {
    int size = cgroup.isPresent() ? Numbers.CLONE_ARGS_SIZE_VER2 : Numbers.CLONE_ARGS_SIZE_VER0;
    long[] args = new long[size / Long.BYTES];
    args[Numbers.CLONE_ARGS_FLAGS / Long.BYTES] = Numbers.CLONE_VM
        | Numbers.CLONE_VFORK
        | Numbers.CLONE_PIDFD
        | Numbers.CLONE_CLEAR_SIGHAND
        | flags
        | (cgroup.isPresent() ? Numbers.CLONE_INTO_CGROUP : 0);
    args[Numbers.CLONE_ARGS_PIDFD / Long.BYTES] = pidfd;
    if (cgroup.isPresent()) {
      args[Numbers.CLONE_ARGS_CGROUP / Long.BYTES] = cgroup.getAsInt();
    }
    return new long[] {Numbers.SYS_CLONE3, arena.words(args), size};
  }

  /** Returns the flags of clone for an internal child, which no other code may reap. */
  public long ownFlags() {
    return launchMechanism() == LaunchMechanism.CLONE3 && hasAutoreap()
        ? Numbers.CLONE_AUTOREAP
        : 0;
  }

  /** Returns an empty arena for a child's script. */
  public NativeArena arena() throws IOException {
    return launchMechanism() == LaunchMechanism.LAUNCHER
        ? launcher.orElseThrow().arena()
        : new NativeArena();
  }

  /**
   * Begins the launch of a child that executes a script.
   *
   * @param arena an arena from {@link #arena}
   * @param above a number above all those of the child's descriptors
   */
  public ScriptLaunch launch(NativeArena arena, int above) throws IOException {
    return launchMechanism() == LaunchMechanism.LAUNCHER
        ? launcher.orElseThrow().launch(arena, above)
        : new StubLaunch(this, arena);
  }

  /**
   * Returns the description of the missing mechanism for a child that executes its program at once,
   * and the reason why it is missing.
   */
  public String needsScript() {
    return "a child that executes a script, by the spawn stub or the launcher ("
        + mechanisms.describe(List.of(STUB, LAUNCHER))
        + ")";
  }

  /** Returns whether creating a child executes a program by its name. */
  public boolean spawnsByName() {
    return launchMechanism() == LaunchMechanism.LAUNCHER
        || launchMechanism() == LaunchMechanism.PIDFD_SPAWN;
  }

  /** Returns whether children execute a script, which supports all other options. */
  public boolean walksScripts() {
    return launchMechanism() != LaunchMechanism.PIDFD_SPAWN;
  }

  public LaunchMechanism launchMechanism() {
    return launchMechanism.orElseThrow();
  }

  public SpawnStub stub() {
    return stub.orElseThrow();
  }

  /**
   * Records that a filter will refuse to let other processes than this JVM open themselves by PID.
   */
  public void confine() {
    confined = true;
  }

  /** Returns whether children have no permission to open themselves. */
  public boolean isConfined() {
    return confined;
  }

  /**
   * Returns whether a child can share this JVM's descriptor table until it makes a copy of the part
   * that it needs. Otherwise the kernel copies the whole table when it creates the child.
   */
  public boolean sharesTable() {
    return mechanisms.has(SHARED_TABLE) && mechanisms.has(CLOSE_RANGE) && !spawnsByName();
  }

  /**
   * Returns the number from which on a child that shared this JVM's descriptor table closes
   * descriptors instead of copying them.
   *
   * <p>Linux 5.9 to 6.10 leaves bits set in the copy that mark 64 numbers in a row as occupied,
   * unless all 4,096 numbers of a word of these bits are copied. A child could then open 61 files
   * only, under the usual limit (measured on 5.10.223). The error does not show in a probe, and
   * Debian's older kernels do not report their whole version, so the version decides.
   *
   * @param needed the highest descriptor that the child needs
   */
  public static long endOfTable(int needed) {
    long end = 1L + needed;
    return Release.WHOLE_BITMAPS ? end : (end + BITMAP_WORD - 1) / BITMAP_WORD * BITMAP_WORD;
  }

  /**
   * Returns the directory of this JVM's descriptors, with a slash at its end, in which a child that
   * has left the shared table can open pipes. Empty if that is not possible. The link is read each
   * time, because the ID in it is the one that this mount of /proc uses.
   */
  public Optional<String> pipeDirectory() {
    boolean known = mechanisms.isKnown(PIPES_BY_NAME);
    if (confined || (known && !mechanisms.has(PIPES_BY_NAME))) {
      return Optional.empty();
    }
    try {
      String directory = "/proc/" + Files.readSymbolicLink(Path.of("/proc/self")) + "/fd/";
      if (!known) {
        mechanisms.note(PIPES_BY_NAME, "readlink(/proc/self)", true, "");
      }
      return mechanisms.has(PIPES_BY_NAME) ? Optional.of(directory) : Optional.empty();
    } catch (IOException e) {
      mechanisms.absent(PIPES_BY_NAME, "readlink(/proc/self): " + e, "/proc");
      return Optional.empty();
    }
  }

  /**
   * Records that a child could not open its pipes. A lasting cause is that this JVM is not
   * "dumpable", or a security policy; the others are a matter of a single child.
   */
  public void refusedPipe(int errno) {
    if (errno == PosixNumbers.EACCES
        || errno == PosixNumbers.EPERM
        || errno == PosixNumbers.ENOENT) {
      mechanisms.absent(
          PIPES_BY_NAME,
          "open(/proc/PID/fd/NUMBER) in a child: " + Errors.describe(errno),
          "permission for a child to open the descriptors of this JVM");
    }
  }

  public boolean hasAutoreap() {
    return mechanisms.has(AUTOREAP);
  }

  /**
   * Returns whether the kernel kills at the last close, for a child that retains or gives up
   * privileges.
   */
  public boolean hasAutokill(boolean noNewPrivileges) {
    return mechanisms.has(AUTOKILL) || (noNewPrivileges && mechanisms.has(AUTOKILL_NNP));
  }

  public boolean hasExitInfo() {
    return mechanisms.has(EXIT_INFO);
  }

  /**
   * Returns the number below which a child must close descriptors one by one; empty if close_range
   * does it. The soft limit of open files is only the second choice: it may be a thousand times the
   * highest descriptor, and descriptors that were opened before it was lowered are above it.
   */
  public OptionalLong openLimit() {
    if (mechanisms.has(CLOSE_RANGE)) {
      return OptionalLong.empty();
    }
    String[] open = new File("/proc/self/fd").list();
    if (open != null) {
      long highest = 0;
      for (String number : open) {
        highest = Math.max(highest, Long.parseLong(number));
      }
      return OptionalLong.of(highest + 1 + OPENED_MEANWHILE);
    }
    try (NativeMemory limit = NativeMemory.borrow()) {
      int outcome = Syscalls.getrlimit(Numbers.rlimit(Resource.OPEN_FILES), limit.address());
      long soft = limit.bytes().getLong(0);
      return OptionalLong.of(outcome < 0 || soft < 0 ? Long.MAX_VALUE : soft);
    }
  }

  public ProbeResult mechanism(String name) {
    return mechanisms.get(name);
  }

  public boolean hasGroupSignal() {
    return mechanisms.has(GROUP_SIGNAL);
  }

  public ProbeResult groupSignal() {
    return mechanism(GROUP_SIGNAL);
  }

  public ProbeResult autoreap() {
    return mechanism(AUTOREAP);
  }

  public ProbeResult exitInfo() {
    return mechanism(EXIT_INFO);
  }

  public boolean canOpen() {
    return mechanisms.has(OPEN);
  }

  public ProbeResult opening() {
    return mechanism(OPEN);
  }

  public boolean hasInfo() {
    return mechanisms.has(INFO);
  }

  public ProbeResult info() {
    return mechanism(INFO);
  }

  public boolean hasPidfs() {
    return mechanisms.has(PIDFS);
  }

  public ProbeResult pidfs() {
    return mechanism(PIDFS);
  }

  /** Returns whether system calls can be refused with an error; probed when first requested. */
  public synchronized ProbeResult seccomp() {
    if (!mechanisms.isKnown(SECCOMP)) {
      try (NativeMemory memory = NativeMemory.borrow()) {
        memory.bytes().putInt(0, Numbers.SECCOMP_RET_ERRNO);
        boolean known = Architecture.CURRENT != Architecture.OTHER;
        int outcome = known
            ? Syscalls.seccomp(Numbers.SECCOMP_GET_ACTION_AVAIL, 0, memory.address())
            : -Numbers.ENOSYS;
        mechanisms.decide(
            SECCOMP,
            "seccomp(SECCOMP_GET_ACTION_AVAIL)",
            outcome,
            Since.SECCOMP_GET_ACTION_AVAIL + " with CONFIG_SECCOMP_FILTER, on x86-64 or aarch64");
      }
    }
    return mechanism(SECCOMP);
  }

  /** Returns whether a socket reports the process at its other end; probed when first requested. */
  public synchronized ProbeResult peer() {
    if (!mechanisms.isKnown(PEER)) {
      try (NativeMemory memory = NativeMemory.borrow()) {
        int outcome = Sockets.socketpair(
            Numbers.AF_UNIX, Numbers.SOCK_SEQPACKET | Numbers.SOCK_CLOEXEC, memory.address());
        if (outcome == 0) {
          int one = memory.bytes().getInt(0);
          outcome = Pidfd.ofPeer(one);
          if (outcome >= 0) {
            LibC.close(outcome);
          }
          LibC.close(one);
          LibC.close(memory.bytes().getInt(Integer.BYTES));
        }
        mechanisms.decide(PEER, "getsockopt(SO_PEERPIDFD)", outcome, Since.SO_PEERPIDFD);
      }
    }
    return mechanism(PEER);
  }

  /** Probes the launcher even where nothing needs it. */
  private synchronized void launcher() {
    if (!mechanisms.isKnown(LAUNCHER) && probeLauncher()) {
      launcher.orElseThrow().discard();
    }
  }

  /** Returns all mechanisms, in the order of preference. */
  public List<ProbeResult> all() {
    peer();
    seccomp();
    launcher();
    pipeDirectory();
    return mechanisms.get(List.of(
        STUB,
        CLONE3,
        CLONE,
        LAUNCHER,
        PIDFD_SPAWN,
        AUTOREAP,
        AUTOKILL,
        AUTOKILL_NNP,
        GUARDIAN,
        SENDER_PIDFD,
        EXIT_INFO,
        CLOSE_RANGE,
        SHARED_TABLE,
        PIPES_BY_NAME,
        GROUP_SIGNAL,
        OPEN,
        INFO,
        PIDFS,
        PEER,
        SECCOMP));
  }
}
