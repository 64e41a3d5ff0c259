package dev.procdesc.linux;

import dev.procdesc.Resource;
import dev.procdesc.Signal;
import dev.procdesc.SpawnException.Step;
import dev.procdesc.linux.guardian.Registration;
import dev.procdesc.linux.kernel.Numbers;
import dev.procdesc.linux.kernel.Probes;
import dev.procdesc.linux.kernel.ScriptLaunch;
import dev.procdesc.linux.kernel.Signals;
import dev.procdesc.posix.ffi.NativeArena;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.spawn.ChildScript;
import dev.procdesc.posix.spawn.ChildScript.Purpose;
import dev.procdesc.posix.spawn.ChildSetup;
import dev.procdesc.posix.spawn.PreparedSpawn;
import dev.procdesc.posix.spawn.Users;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/** Builds the script of a child from the system calls of Linux. */
public final class ScriptBuilder extends ChildSetup {

  private static final Purpose DISPOSE = new Purpose(Step.SIGNALS, "rt_sigaction", "");
  private static final Purpose MASK = new Purpose(Step.SIGNALS, "rt_sigprocmask", "");

  private static final Purpose UNSHARING =
      new Purpose(Step.DESCRIPTORS, "close_range(CLOSE_RANGE_UNSHARE)", "all other descriptors");
  private static final Purpose UNSHARING_EARLY =
      new Purpose(Step.GUARD, "unshare(CLONE_FILES)", "");

  private final ScriptLaunch launch;
  private final boolean sharesTable;

  /** The directory with the descriptors of this JVM; empty if the child opens nothing there. */
  private final Optional<String> pipeDirectory;

  /**
   * Creates a script that only has the steps of the launch.
   *
   * @param sharesTable whether the child shares this JVM's descriptor table until it places its
   *     descriptors
   * @param pipeDirectory the directory in which the child opens pipes of this JVM by number; empty
   *     if it cannot
   */
  ScriptBuilder(
      PreparedSpawn spawn,
      ScriptLaunch launch,
      boolean sharesTable,
      Optional<String> pipeDirectory) {
    super(spawn);
    this.launch = launch;
    this.sharesTable = sharesTable;
    this.pipeDirectory = pipeDirectory;
    launch.begin(script);
  }

  /**
   * Registers the child with the guardian, before anything else.
   *
   * @param socket this JVM's end of the socket to the guardian
   */
  void register(Registration registration, int socket, NativeArena.Place pidfd) {
    registration.tell(socket, pidfd, script, arena);
    if (registration.byTable() && !sharesTable) {
      script.step(UNSHARING_EARLY, Numbers.SYS_UNSHARE, Numbers.CLONE_FILES);
    }
  }

  /** Enters a control group through its cgroup.procs, where clone3 cannot do it at creation. */
  void enterCgroup(int procs, Path directory) {
    long zero = arena.string("0\n");
    String operation = ControlGroup.ENTERING;
    add(Step.CGROUP, operation, directory, Numbers.SYS_WRITE, procs, zero, 1);
  }

  @Override
  protected void limit(Resource resource, long pair) {
    int number = Numbers.rlimit(resource);
    add(Step.LIMITS, "prlimit", resource, Numbers.SYS_PRLIMIT64, 0, number, pair, 0);
  }

  @Override
  protected void supplementaryGroups(List<Long> groups, Users.Identity identity) {
    int[] ids = groups.stream().mapToInt(Long::intValue).toArray();
    add(Step.USER, SETGROUPS, groups, Numbers.SYS_SETGROUPS, ids.length, arena.ints(ids));
  }

  @Override
  protected void noNewPrivileges() {
    int option = Numbers.PR_SET_NO_NEW_PRIVS;
    String operation = "prctl(PR_SET_NO_NEW_PRIVS)";
    add(Step.PRIVILEGES, operation, "", Numbers.SYS_PRCTL, option, 1, 0, 0, 0);
  }

  @Override
  protected boolean sharesTable() {
    return sharesTable;
  }

  @Override
  protected long unshareTable(int needed) {
    long end = Probes.endOfTable(needed);
    script.step(
        UNSHARING, Numbers.SYS_CLOSE_RANGE, end, LAST_DESCRIPTOR, Numbers.CLOSE_RANGE_UNSHARE);
    return end;
  }

  @Override
  protected boolean opensPipes() {
    return pipeDirectory.isPresent();
  }

  @Override
  protected void openPipe(int from, boolean reads, int to) {
    String path = pipeDirectory.orElseThrow() + from;
    int mode = reads ? PosixNumbers.O_RDONLY : PosixNumbers.O_WRONLY;
    // The path is absolute, so the directory's descriptor is not used.
    add(Step.DESCRIPTORS, "openat", path, Numbers.SYS_OPENAT, -1, arena.string(path), mode, 0);
    script.passOn(0);
    // EINVAL: the lowest free number was the right one.
    script.tolerantStep(
        new Purpose(Step.DESCRIPTORS, "dup3", "to " + to),
        ChildScript.tolerate(PosixNumbers.EINVAL),
        Numbers.SYS_DUP3,
        -1,
        to,
        0);
  }

  @Override
  protected void copyDescriptor(int from, int to) {
    add(Step.DESCRIPTORS, "dup3", "to " + to, Numbers.SYS_DUP3, from, to, 0);
  }

  @Override
  protected void dispose(int signal, boolean ignore) {
    // A struct sigaction, whose zeros are the default.
    long[] action = new long[Numbers.SIGACTION_SIZE / Long.BYTES];
    action[0] = ignore ? PosixNumbers.SIG_IGN : 0;
    script.step(
        DISPOSE, Numbers.SYS_RT_SIGACTION, signal, arena.words(action), 0, Numbers.SIGSET_SIZE);
  }

  @Override
  protected void mask(Collection<Signal> blocked) {
    long mask = arena.words(Signals.mask(blocked));
    script.step(
        MASK, Numbers.SYS_RT_SIGPROCMASK, Numbers.SIG_SETMASK, mask, 0, Numbers.SIGSET_SIZE);
  }

  @Override
  protected int ignorable(Signal signal) {
    return Signals.ignorable(signal);
  }

  @Override
  protected void executeDescriptor(int fd, int programFd, long argv, long envp) {
    long empty = arena.string("");
    int flags = Numbers.AT_EMPTY_PATH;
    String program = "descriptor " + programFd;
    launch.closeOnExec(script, fd);
    add(Step.EXECUTE, "execveat", program, Numbers.SYS_EXECVEAT, fd, empty, argv, envp, flags);
  }
}
