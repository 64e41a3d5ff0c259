package dev.procdesc.freebsd.kernel;

import dev.procdesc.ProbeResult;
import dev.procdesc.Resource;
import dev.procdesc.SpawnException.Step;
import dev.procdesc.posix.channel.SocketProbe;
import dev.procdesc.posix.ffi.Architecture;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeArena;
import dev.procdesc.posix.ffi.NativeFunction;
import dev.procdesc.posix.ffi.NativeMemory;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.ffi.Simulation;
import dev.procdesc.posix.ffi.SystemNumbers;
import dev.procdesc.posix.probe.Mechanisms;
import dev.procdesc.posix.spawn.ChildScript;
import dev.procdesc.posix.spawn.ChildScript.Purpose;
import dev.procdesc.posix.spawn.SpawnStub;
import dev.procdesc.spi.Since;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Detects the features of the running kernel and C library by calling them, because version numbers
 * are wrong with backports, in jails and for kernels without an option. Probed once, at the first
 * spawn or the first query; this costs two or three children that end at once.
 *
 * <p>FreeBSD sends SIGSYS to a process that makes a system call which its kernel does not have. So
 * newer calls are probed in the script of such a child, in which all signals are blocked: there an
 * unknown call only fails with ENOSYS. Rejected: kern.osreldate, which can be configured
 * differently in a jail, and ignoring SIGSYS temporarily in the JVM, because its disposition
 * belongs to the host program.
 */
public final class Probes {
  private static final String STUB = "stub";
  private static final String PDRFORK = "pdrfork";
  private static final String PDFORK = "pdfork";
  private static final String POSIX_SPAWN = "posix_spawn";
  private static final String PDWAIT = "pdwait";
  private static final String PDOPENPID = "pdopenpid";
  private static final String NOWAITPID = "nowaitpid";
  private static final String CLOSE_RANGE = "close_range";
  private static final String EXTERRCTL = "exterrctl";
  private static final String NO_NEW_PRIVS = "no_new_privs";
  private static final String RECORDS = "socket_records";
  private static final String ENDED_RECORDS = "ended_records";

  /** The C library's function that makes posix_spawn return a descriptor. */
  private static final String SETPROCDESCP = "posix_spawnattr_setprocdescp_np";

  /**
   * The missing mechanism for a descriptor of a socket's peer: LOCAL_PEERCRED reports only its ID.
   */
  public static final String PEER_LACKS = "a socket option that gives a descriptor of the peer";

  /** The requirements of a process group that is killed with its leader. */
  public static final String GROUP_KILLER_NEEDS = "the spawn stub and pdfork";

  /** The mechanisms that create children. */
  public enum LaunchMechanism {
    PDRFORK,
    PDFORK,
    POSIX_SPAWN
  }

  private final Mechanisms mechanisms;
  private final Optional<SpawnStub> stub;
  private final Optional<LaunchMechanism> launchMechanism;
  private final Optional<String> unavailable;
  private boolean setsSupplementaryGroupsOnly;

  public Probes() {
    SystemNumbers.choose(Numbers.POSIX, Numbers.SOCKETS, Numbers.SETUP);
    unavailable = basics();
    mechanisms = new Mechanisms(unavailable, "");
    if (unavailable.isPresent()) {
      stub = Optional.empty();
      launchMechanism = Optional.empty();
      return;
    }
    stub = mapStub();
    boolean pdfork = probePdfork();
    boolean pdrfork = mechanisms.has(PDRFORK)
        && probe(PDRFORK, "pdrfork(RFSPAWN) with an empty script", Since.PDRFORK, new long[] {
          Numbers.SYS_PDRFORK, 0, Numbers.PD_CLOEXEC, Numbers.RFSPAWN
        });
    if (pdfork) {
      int flags = Numbers.PD_CLOEXEC | Numbers.PD_NOWAITPID;
      probe(NOWAITPID, "pdfork(PD_NOWAITPID) with an empty script", Since.PD_NOWAITPID, new long[] {
        Numbers.SYS_PDFORK, 0, flags
      });
    } else {
      mechanisms.absent(NOWAITPID, "pdfork(PD_NOWAITPID)", "pdfork");
    }
    mechanisms.decide(
        NO_NEW_PRIVS,
        "procctl(PROC_NO_NEW_PRIVS_STATUS)",
        noNewPrivileges(),
        Since.PROC_NO_NEW_PRIVS_CTL);
    boolean libcSpawn = NativeFunction.find(SETPROCDESCP).isPresent();
    mechanisms.decide(
        POSIX_SPAWN,
        "looking up " + SETPROCDESCP,
        libcSpawn ? 0 : -Numbers.ENOSYS,
        Since.POSIX_SPAWNATTR_SETPROCDESCP_NP);
    if (pdrfork) {
      launchMechanism = Optional.of(LaunchMechanism.PDRFORK);
    } else if (pdfork) {
      launchMechanism = Optional.of(LaunchMechanism.PDFORK);
    } else if (mechanisms.has(POSIX_SPAWN)) {
      launchMechanism = Optional.of(LaunchMechanism.POSIX_SPAWN);
    } else {
      launchMechanism = Optional.empty();
    }
  }

  /**
   * Checks the calls that everything else requires. Returns the problem; empty if there is none.
   */
  private static Optional<String> basics() {
    for (String function : List.of("pdfork", "pdkill", "pdgetpid", "kevent", "wait6")) {
      if (NativeFunction.find(function).isEmpty()) {
        return Optional.of(
            "the C library has no " + function + ": the system is older than " + Since.CAP_ENTER);
      }
    }
    int outcome = Syscalls.pdkill(-1, 0);
    if (outcome != -PosixNumbers.EBADF) {
      return Optional.of("pdkill fails with "
          + Errors.describe(-outcome)
          + ": the kernel was built without the option PROCDESC");
    }
    return Optional.empty();
  }

  /** Returns the reason why the backend cannot work; empty if it can. */
  public Optional<String> unavailable() {
    if (unavailable.isPresent() || launchMechanism.isPresent()) {
      return unavailable;
    }
    return Optional.of("there is no way to create a child as a descriptor: "
        + mechanisms.describe(List.of(STUB, PDRFORK, PDFORK, POSIX_SPAWN)));
  }

  private Optional<SpawnStub> mapStub() {
    Optional<NativeFunction> simulated = Simulation.stub();
    if (simulated.isPresent() && !mechanisms.isDisabled(STUB)) {
      mechanisms.note(STUB, "provided by the simulation", true, "");
      return Optional.of(SpawnStub.of(simulated.get(), Simulation.stubPage()));
    }
    String name = "spawnstub-" + Architecture.CURRENT.bsdName() + ".bin";
    return SpawnStub.find(
        mechanisms,
        STUB,
        Optional.ofNullable(Probes.class.getResourceAsStream("/dev/procdesc/freebsd/" + name)));
  }

  /** Creates a child by pdfork whose script probes the calls that an older kernel does not have. */
  private boolean probePdfork() {
    ChildScript script = new ChildScript();
    // No call creates a process or opens or closes a descriptor; all but exterrctl fail.
    attempt(script, Numbers.SYS_PDRFORK, 0, 0, 0);
    attempt(script, Numbers.SYS_PDWAIT, -1, 0, Numbers.WEXITED, 0, 0);
    attempt(script, Numbers.SYS_CLOSE_RANGE, 1, 0, 0);
    attempt(script, Numbers.SYS_PDOPENPID, 0, -1);
    attempt(script, Numbers.SYS_EXTERRCTL, Numbers.EXTERRCTL_DISABLE, 0, 0);
    attempt(script, Numbers.SYS_SETGROUPS, -1, 0);
    long[] create = {Numbers.SYS_PDFORK, 0, Numbers.PD_CLOEXEC};
    String how = "pdfork with a script of calls that may be missing";
    if (stub.isEmpty() || (mechanisms.isDisabled(PDFORK) && mechanisms.isDisabled(PDRFORK))) {
      for (String name : List.of(PDFORK, PDRFORK, PDWAIT, CLOSE_RANGE, PDOPENPID, EXTERRCTL)) {
        mechanisms.absent(name, how, "the spawn stub");
      }
      return false;
    }
    SpawnStub.Run run = create(script, create);
    if (run.created() > 0 && run.results().size() == script.size()) {
      mechanisms.decide(PDRFORK, "pdrfork() in a child", known(run, 0), Since.PDRFORK);
      mechanisms.decide(
          PDWAIT,
          "pdwait() in a child",
          Syscalls.hasPdwait() ? known(run, 1) : -Numbers.ENOSYS,
          Since.PDWAIT);
      mechanisms.decide(
          CLOSE_RANGE, "close_range() in a child", known(run, 2), Since.FREEBSD_CLOSE_RANGE);
      mechanisms.decide(
          PDOPENPID,
          "pdopenpid() in a child",
          Syscalls.hasPdopenpid() ? known(run, 3) : -Numbers.ENOSYS,
          Since.PDOPENPID);
      mechanisms.decide(EXTERRCTL, "exterrctl() in a child", known(run, 4), Since.EXTERRCTL);
      setsSupplementaryGroupsOnly = known(run, 5) == 0;
    } else {
      for (String name : List.of(PDRFORK, PDWAIT, CLOSE_RANGE, PDOPENPID, EXTERRCTL)) {
        mechanisms.absent(name, how, "a child to probe it");
      }
    }
    return mechanisms.decide(PDFORK, how, run.created(), "the kernel's option PROCDESC");
  }

  private static void attempt(ChildScript script, long number, long... arguments) {
    script.tolerantStep(
        new Purpose(Step.CREATE, "probe", ""), ChildScript.TOLERATE_ALL, number, arguments);
  }

  /** Returns 0 if the kernel has the call, which is the case for any result except ENOSYS. */
  private static long known(SpawnStub.Run run, int step) {
    return run.results().get(step) == -Numbers.ENOSYS ? -Numbers.ENOSYS : 0;
  }

  /** Creates a child that ends at once, and returns whether that succeeded. */
  private boolean probe(String name, String how, Since lacks, long[] create) {
    if (mechanisms.isDisabled(name) || stub.isEmpty()) {
      mechanisms.absent(name, how, "the spawn stub");
      return false;
    }
    return mechanisms.decide(name, how, create(new ChildScript(), create).created(), lacks);
  }

  /** Creates a child with a script that executes no program, and waits for its end. */
  private SpawnStub.Run create(ChildScript script, long[] create) {
    try (NativeArena arena = NativeArena.shared()) {
      NativeArena.Place descriptor = arena.allocate(8);
      create[1] = descriptor.address();
      ChildScript.Written written = script.write(arena, create);
      long created = stub.orElseThrow().start(written);
      if (created > 0) {
        int fd = descriptor.bytes().getInt(descriptor.at());
        try {
          Procdesc.reap(fd, false);
        } finally {
          LibC.close(fd);
        }
      }
      return written.outcome(created);
    }
  }

  private static int noNewPrivileges() {
    try (NativeMemory memory = NativeMemory.borrow()) {
      return Syscalls.procctl(Numbers.P_PID, 0, Numbers.PROC_NO_NEW_PRIVS_STATUS, memory.address());
    }
  }

  public LaunchMechanism launchMechanism() {
    return launchMechanism.orElseThrow();
  }

  public SpawnStub stub() {
    return stub.orElseThrow();
  }

  /** Returns whether a process can be waited for by its descriptor. */
  public boolean hasPdwait() {
    return mechanisms.has(PDWAIT);
  }

  /** Returns whether the descriptor alone can retain a zombie, and does so only on request. */
  boolean hasNoWaitpid() {
    return mechanisms.has(NOWAITPID);
  }

  /**
   * Returns whether a thread can have a buffer to which the kernel writes when a call fails. The C
   * library registers one for each thread, and a forked child inherits it.
   */
  public boolean hasExtendedErrors() {
    return mechanisms.has(EXTERRCTL);
  }

  /** Returns whether setgroups exists that does not set the effective group. */
  public boolean setsSupplementaryGroupsOnly() {
    return setsSupplementaryGroupsOnly;
  }

  /** Returns whether a group killer can be created, see {@code GroupKiller}. */
  public boolean canKillGroup() {
    return stub.isPresent() && mechanisms.has(PDFORK);
  }

  /** Returns the flags of a child's descriptor. */
  public int descriptorFlags(boolean daemon) {
    // Without pdwait, the resource usage is available only by a wait through the parent's
    // reference.
    return Numbers.PD_CLOEXEC
        | (daemon ? Numbers.PD_DAEMON : 0)
        | (hasNoWaitpid() && hasPdwait() ? Numbers.PD_NOWAITPID : 0);
  }

  /**
   * Returns the number below which a child must close descriptors one by one; empty if close_range
   * does it.
   */
  public OptionalLong openLimit() {
    if (mechanisms.has(CLOSE_RANGE)) {
      return OptionalLong.empty();
    }
    try (NativeMemory limit = NativeMemory.borrow()) {
      int outcome = Syscalls.getrlimit(Numbers.rlimit(Resource.OPEN_FILES), limit.address());
      return OptionalLong.of(outcome < 0 ? Long.MAX_VALUE : limit.bytes().getLong(0));
    }
  }

  /**
   * Returns whether running processes can be opened without side effects for other processes. On a
   * kernel where a zombie has no reference for its parent in addition to the descriptor's, the
   * parent's waitpid(-1) does not see an opened process, and the close of the descriptor gives it
   * to another parent.
   */
  public ProbeResult opening() {
    ProbeResult opening = mechanisms.get(PDOPENPID);
    boolean present = opening.present() && hasNoWaitpid();
    String lacks = "pdopenpid on a kernel on which the parent can still reap the process ("
        + Since.PD_NOWAITPID
        + ")";
    return new ProbeResult(opening.name(), present, opening.how(), present ? "" : lacks);
  }

  public ProbeResult noNewPrivs() {
    return mechanisms.get(NO_NEW_PRIVS);
  }

  /**
   * Returns the mechanism that separates the records of a SOCK_SEQPACKET socket; probed when first
   * requested. Up to FreeBSD 14 each send is a record. Since 15 only MSG_EOR ends a record, and a
   * send may be split anywhere.
   */
  public synchronized ProbeResult records() {
    if (!mechanisms.isKnown(RECORDS)) {
      boolean each = SocketProbe.eachSendIsRecord();
      mechanisms.note(
          RECORDS,
          "sends that are records: two over a SOCK_SEQPACKET socket and a receive",
          each,
          "sends that are records by themselves (before " + Since.MSG_EOR + ")");
      mechanisms.note(
          ENDED_RECORDS,
          "records that end with MSG_EOR: two sends over a SOCK_SEQPACKET socket and a receive",
          // If each send is a record, a receive reports an empty or a truncated record instead.
          !each && SocketProbe.endFlagEndsRecord(),
          "records that end with MSG_EOR (" + Since.MSG_EOR + ")");
    }
    return mechanisms.get(mechanisms.has(RECORDS) ? RECORDS : ENDED_RECORDS);
  }

  /** Returns whether records must be joined, because they end only with MSG_EOR. */
  public boolean recordsEndByFlag() {
    ProbeResult records = records();
    return records.present() && records.name().equals(ENDED_RECORDS);
  }

  /** Returns all mechanisms, in the order of preference. */
  public List<ProbeResult> all() {
    records();
    return mechanisms.get(List.of(
        STUB,
        PDRFORK,
        PDFORK,
        POSIX_SPAWN,
        PDWAIT,
        PDOPENPID,
        NOWAITPID,
        CLOSE_RANGE,
        EXTERRCTL,
        NO_NEW_PRIVS,
        RECORDS,
        ENDED_RECORDS));
  }
}
