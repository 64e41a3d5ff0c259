package dev.procdesc;

import dev.procdesc.spi.Account;
import dev.procdesc.spi.PassedDescriptor;
import dev.procdesc.spi.Program;
import dev.procdesc.spi.Redirect;
import dev.procdesc.spi.SpawnRequest;
import dev.procdesc.spi.SupplementaryGroups;
import dev.procdesc.spi.SystemPath;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * Starts children as descriptors. A spawner is immutable and reusable: each method returns a new
 * one.
 *
 * <pre>{@code
 * try (ChildProcess child = Spawner.of("sort", "-n").stdin(Stdio.pipe()).spawn()) {
 *   child.stdin().write("3\n1\n2\n".getBytes(UTF_8));
 *   child.stdin().close();
 *   ExitStatus status = child.waitFor();
 * }
 * }</pre>
 *
 * <p><b>Linux and FreeBSD.</b> An option that names no system does the same on both, with the same
 * errors. Where the systems differ, the option says so after the name of each. A version after a
 * call is the first release that has it; every supported release has a call without one. The
 * <i>descriptor-only mode</i> is that of {@link Platform#enterDescriptorOnlyMode}; what FreeBSD
 * refuses in it fails with ECAPMODE.
 *
 * <p><b>Steps of the child.</b> Most options are system calls that the child makes before it
 * executes its program, in code of this library. Where that code cannot run, the child is created
 * by the C library's spawn function, which has few of these steps, and the options that need
 * {@link Feature#CHILD_SETUP} are absent: {@link #spawn()} throws
 * {@link UnsupportedFeatureException} for them.
 *
 * <ul>
 *   <li>Linux: {@code pidfd_spawn} (glibc 2.39), on other machines than x86-64 and aarch64, and
 *       where a policy forbids both to map machine code and to execute the library's launcher
 *       program from memory, which otherwise makes the steps. {@link OnClose#RELEASE} is then the
 *       only effect of a close that can be requested.
 *   <li>FreeBSD: {@code posix_spawn} with {@code posix_spawnattr_setprocdescp_np} (FreeBSD 15.1),
 *       on other machines than amd64 and arm64, and where a policy forbids to map machine code.
 * </ul>
 *
 * <p>A child starts with an empty signal mask, default signal dispositions, and only the
 * descriptors that were requested. It inherits everything else that no option sets, as by
 * {@code execve}: environment, working directory, user, resource limits, nice value, umask,
 * session. Of the environment, the variables {@code LISTEN_FDS}, {@code LISTEN_FDNAMES},
 * {@code LISTEN_PID} and {@code LISTEN_PIDFDID} are left out unless they are set here: they
 * announce descriptors of the JVM ({@link InheritedDescriptors}), which its children do not get.
 *
 * <p>A JVM raises its own soft limit of open files to the hard limit when it starts, and its
 * children inherit that limit. {@code -XX:-MaxFDLimit} prevents this; {@link #limit} sets the limit
 * of a child.
 *
 * <p>A child gets no other descriptors than the requested ones: it closes the rest by
 * {@code close_range} (Linux 5.9, FreeBSD 12.2). Where that is absent or refused, as by an old
 * container runtime, it closes them one by one: on Linux up to 1,024 above the highest descriptor
 * of the JVM in {@code /proc/self/fd}, or, as on FreeBSD, up to the soft limit of open files. If
 * that would be more than 262,144, the spawn fails with {@link UnsupportedFeatureException}.
 *
 * <p>Linux creates the child by {@code clone3} (Linux 5.3) or {@code clone} with
 * {@code CLONE_PIDFD} (Linux 5.2), FreeBSD by {@code pdfork} (FreeBSD 9) or {@code pdrfork}
 * (FreeBSD 15.1).
 */
public final class Spawner {
  private final SpawnRequest request;

  /** The descriptor numbers whose source or destination was set, even to the default. */
  private final Set<Integer> set;

  private Spawner(SpawnRequest request, Set<Integer> set) {
    this.request = request;
    this.set = set;
  }

  private Spawner(SpawnRequest request) {
    this(request, Set.of());
  }

  /** Returns a copy of the request that can be changed. */
  private RequestChanges changes() {
    return new RequestChanges(request);
  }

  private Spawner with(RequestChanges changes) {
    return new Spawner(changes.done(), set);
  }

  /**
   * Returns a spawner of a program with arguments. A program name with a slash is a path, relative
   * to the child's working directory. A name without a slash is searched for in the child's
   * {@code PATH} ({@code /bin:/usr/bin} if it has none), by the rules of {@code execvp}: a
   * candidate is skipped if it does not exist, may not be executed, has too long a path, or is on a
   * file system that does not answer (ESTALE, ETIMEDOUT, ENODEV). {@link #spawn()} fails with
   * EACCES if a candidate may not be executed and no other one can be. A child with a
   * {@link #controllingTerminal}, also one of {@link #terminal}, does not search on after ESTALE on
   * either system, nor after ETIMEDOUT on Linux: the exit of the first attempt hangs the terminal
   * up.
   *
   * <p>One rule of {@code execvp} and of {@link ProcessBuilder} is not followed: a file that is
   * neither a program of this machine nor a script with a {@code #!} line fails with ENOEXEC, and
   * is not run by the shell. An empty or truncated file, or a program of another machine, would
   * otherwise run as a script. Run a script without that line by {@code Spawner.of("/bin/sh",
   * path)}.
   *
   * @param command the program, then its arguments
   * @return a spawner with every option at its default
   * @throws IllegalArgumentException if the command or its first word is empty, or a word contains
   *     a NUL
   */
  public static Spawner of(String... command) {
    return of(Arrays.asList(command));
  }

  /**
   * Returns a spawner of a program with arguments, as {@link #of(String...)}.
   *
   * @param command the program, then its arguments
   * @return a spawner with every option at its default
   * @throws IllegalArgumentException if the command or its first word is empty, or a word contains
   *     a NUL
   */
  public static Spawner of(List<String> command) {
    return named(command, false);
  }

  static Spawner named(List<String> command, boolean asProcessBuilder) {
    if (command.isEmpty()) {
      throw new IllegalArgumentException("the command must not be empty: a program is required");
    }
    checkArguments(command);
    if (command.get(0).isEmpty()) {
      throw new IllegalArgumentException("the program name must not be empty");
    }
    Program program = new Program.Named(command.get(0), asProcessBuilder);
    return new Spawner(new RequestChanges(program, command).done());
  }

  /**
   * Returns a spawner that starts what a {@link ProcessBuilder} would start: the same command in
   * the same directory, with the same environment and redirects. The builder is read now; later
   * changes of it have no effect. A program that uses {@code ProcessBuilder} moves by one line:
   *
   * <pre>{@code
   * Process process = builder.start();
   * Process process = Spawner.from(builder).spawn().asProcess();
   * }</pre>
   *
   * <p>The rules of {@code ProcessBuilder} apply to the program: a name without a slash is searched
   * for in the {@code PATH} of this JVM, whatever the child's is ({@code /bin:/usr/bin} if the JVM
   * has none), and a file that is neither a program of this machine nor a script with a {@code #!}
   * line is run by {@code /bin/sh} as a script. The shell is not used for a child with a
   * {@link #controllingTerminal}. A standard stream that the builder does not redirect is a pipe.
   * Variables of the environment that the builder has not changed keep their bytes, also those that
   * this JVM cannot decode.
   *
   * <p>These differences remain:
   *
   * <ul>
   *   <li>{@link OnClose#KILL} applies, so the child ends with this JVM. Use {@link #onClose} with
   *       {@link OnClose#RELEASE} for a child that is to outlive it.
   *   <li>Every signal has its default disposition in the child, also those that this JVM ignores;
   *       see {@link #ignoredSignals}.
   *   <li>The child gets no other descriptors than the three standard ones, and so no variables
   *       that announce those of this JVM ({@code LISTEN_FDS} and the like).
   *   <li>A failed start throws {@link SpawnException}, whose message differs. A command that
   *       contains a NUL, or an empty program name, throws {@link IllegalArgumentException} here,
   *       and not {@link IOException} at the start.
   *   <li>If the builder merges standard error into standard output
   *       ({@code redirectErrorStream(true)}), a file to which it also redirects standard error is
   *       not opened. {@code ProcessBuilder} creates or truncates that file, and nothing is written
   *       to it.
   *   <li>The view as {@link Process} differs in the points that {@link ChildProcess#asProcess()}
   *       lists.
   *   <li>{@link ProcessBuilder#startPipeline} has no counterpart in this method.
   * </ul>
   *
   * @param builder the builder, which is not changed
   * @return a spawner with the settings of the builder, and every other option at its default
   * @throws IllegalArgumentException if the command or its first word is empty, or a word or a path
   *     contains a NUL
   */
  public static Spawner from(ProcessBuilder builder) {
    return BuilderSettings.spawner(builder);
  }

  /**
   * Returns a spawner of a program that is already open. This works where no path can be opened any
   * more. A script ({@code #!}) cannot be executed from a close-on-exec descriptor, because its
   * interpreter could not open it.
   *
   * <p>Linux: {@code execveat} with {@code AT_EMPTY_PATH} (Linux 3.19). FreeBSD: {@code fexecve}.
   * The spawn of a pipe fails with EACCES on Linux and with EBADF on FreeBSD.
   *
   * <p>In FreeBSD's capability mode ({@link Platform#enterDescriptorOnlyMode}), a dynamic program
   * is executed by {@code /libexec/ld-elf.so.1}, opened beforehand, in its direct mode (FreeBSD
   * 12). The program then differs in these points:
   *
   * <ul>
   *   <li>It gets descriptors that were not requested: the directories of libraries, for reading,
   *       at the numbers that {@code LD_LIBRARY_PATH_FDS} in its environment names. They start two
   *       above the largest requested number, are not close-on-exec, and are limited to loading
   *       libraries.
   *   <li>Its libraries are searched for in those directories only: the ones of {@code ldconfig},
   *       {@code /lib/casper}, {@code /lib} and {@code /usr/lib}, as they were when the mode was
   *       entered. Neither its own run path nor {@code LD_LIBRARY_PATH} is followed. A value of
   *       {@code LD_LIBRARY_PATH_FDS} that is set here comes first.
   *   <li>Tools that list processes show the linker and its arguments.
   *   <li>The descriptor must be readable, the file must be executable by its mode bits,
   *       {@code argv[0]} must be present, and the program must be a 64-bit one that names this
   *       linker. A program whose descriptor is not readable is executed by the kernel, which
   *       aborts it if it is dynamic.
   * </ul>
   *
   * @param fd an open descriptor of this JVM; the caller retains it and must keep it open at each
   *     spawn
   * @param arguments argv, including {@code argv[0]}
   * @return a spawner with every option at its default; its {@link #spawn()} needs
   *     {@link Feature#SPAWN_BY_DESCRIPTOR}, which is absent where {@link Feature#CHILD_SETUP} is
   * @throws IllegalArgumentException if the number is negative, or an argument contains a NUL
   * @see <a href="https://man7.org/linux/man-pages/man2/execveat.2.html">execveat(2), Linux</a>
   * @see <a href="https://man.freebsd.org/cgi/man.cgi?query=fexecve&amp;sektion=2">fexecve(2),
   *     FreeBSD</a>
   */
  public static Spawner ofDescriptor(int fd, String... arguments) {
    if (fd < 0) {
      throw new IllegalArgumentException("a descriptor number must not be negative: " + fd);
    }
    List<String> argv = List.of(arguments);
    checkArguments(argv);
    return new Spawner(new RequestChanges(new Program.Descriptor(fd), argv).done());
  }

  private static void checkArguments(List<String> arguments) {
    for (String argument : arguments) {
      checkNoNul("an argument", argument);
    }
  }

  private static String checkNoNul(String what, String text) {
    if (Objects.requireNonNull(text, what).indexOf('\0') >= 0) {
      throw new IllegalArgumentException(what
          + " must not contain a NUL, which terminates a string: " + text.replace("\0", "\\0"));
    }
    return text;
  }

  /**
   * Sets {@code argv[0]}, which is the program's name by default.
   *
   * @param name the name that the program sees as its own
   * @return a new spawner
   * @throws IllegalArgumentException if the name contains a NUL
   */
  public Spawner argv0(String name) {
    checkNoNul("argv[0]", name);
    RequestChanges changes = changes();
    List<String> arguments = new ArrayList<>(changes.arguments);
    if (arguments.isEmpty()) {
      arguments.add(name);
    } else {
      arguments.set(0, name);
    }
    changes.arguments = arguments;
    return with(changes);
  }

  /**
   * Sets the child's working directory. The child enters it after it has changed its user, so that
   * user must have access to it. A relative path is relative to the JVM's directory, and the empty
   * path is that directory. FreeBSD refuses a change of the directory in the descriptor-only mode.
   *
   * @param directory an existing directory of the default file system; {@link #spawn()} fails if it
   *     is not one
   * @return a new spawner
   * @throws IllegalArgumentException if the path contains a NUL
   * @throws UnsupportedOperationException if the path is one of another file system
   */
  public Spawner directory(Path directory) {
    checkNoNul("a directory", SystemPath.check(directory).toString());
    RequestChanges changes = changes();
    changes.directory = Optional.of(directory);
    return with(changes);
  }

  /**
   * Sets a variable of the child's environment. As for {@link ProcessBuilder}, an entry that begins
   * with {@code =} is one with an empty name.
   *
   * @param name the name, without {@code =}
   * @param value the value
   * @return a new spawner
   * @throws IllegalArgumentException if the name is not valid, or the name or value contains a NUL
   */
  public Spawner environment(String name, String value) {
    checkVariable(name);
    checkNoNul("the value of the variable " + name, value);
    RequestChanges changes = changes();
    changes.environment().put(name, Optional.of(value));
    return with(changes);
  }

  /**
   * Removes a variable of the JVM's environment from the child's.
   *
   * @param name the name, without {@code =}
   * @return a new spawner
   * @throws IllegalArgumentException if the name is not valid
   */
  public Spawner withoutEnvironment(String name) {
    checkVariable(name);
    RequestChanges changes = changes();
    changes.environment().put(name, Optional.empty());
    return with(changes);
  }

  /**
   * Replaces the child's environment, which is the JVM's by default.
   *
   * @param variables all variables
   * @return a new spawner
   * @throws IllegalArgumentException if a name is not valid, or a name or value contains a NUL
   */
  public Spawner environmentOnly(Map<String, String> variables) {
    Map<String, Optional<String>> all = new LinkedHashMap<>();
    for (Map.Entry<String, String> variable : variables.entrySet()) {
      String name = variable.getKey();
      checkVariable(name);
      all.put(
          name, Optional.of(checkNoNul("the value of the variable " + name, variable.getValue())));
    }
    RequestChanges changes = changes();
    changes.inheritEnvironment = false;
    changes.environment = all;
    return with(changes);
  }

  /** Sets variables, or removes those without a value. Their names and values are valid. */
  Spawner environmentChanges(Map<String, Optional<String>> variables) {
    RequestChanges changes = changes();
    changes.environment().putAll(variables);
    return with(changes);
  }

  private static void checkVariable(String name) {
    checkNoNul("a variable name", name);
    if (name.indexOf('=') >= 0) {
      throw new IllegalArgumentException("a variable name must not contain '=': \"" + name + "\"");
    }
  }

  /**
   * Sets the child's standard input, descriptor 0. The default is the JVM's own.
   *
   * @param stdin the source
   * @return a new spawner
   * @throws IllegalArgumentException for {@link Stdio#stdout()}
   */
  public Spawner stdin(Stdio stdin) {
    return put(0, stdin);
  }

  /**
   * Sets the child's standard output, descriptor 1. The default is the JVM's own.
   *
   * @param stdout the destination
   * @return a new spawner
   * @throws IllegalArgumentException for {@link Stdio#stdout()}
   */
  public Spawner stdout(Stdio stdout) {
    return put(1, stdout);
  }

  /**
   * Sets the child's standard error, descriptor 2. The default is the JVM's own.
   *
   * @param stderr the destination; {@link Stdio#stdout()} is {@code 2>&1}
   * @return a new spawner
   */
  public Spawner stderr(Stdio stderr) {
    return put(2, stderr);
  }

  /**
   * Adds a descriptor to the child, open across exec.
   *
   * @param target the descriptor number in the child, 3 or more and below the child's limit of open
   *     files
   * @param source a descriptor, a process, a file, the null device, {@link Stdio#pipeToChild()},
   *     {@link Stdio#pipeFromChild()} or {@link Stdio#socketPair()}
   * @return a new spawner; its {@link #spawn()} needs {@link Feature#CHILD_SETUP}
   * @throws IllegalArgumentException if the number is below 3 or was already given, if it is that
   *     of the lifeline of a process ({@link Stdio#process}), or if the source is only valid for a
   *     standard stream
   */
  public Spawner descriptor(int target, Stdio source) {
    if (target < 3) {
      throw new IllegalArgumentException("the number of an extra descriptor must be 3 or more, not "
          + target
          + ": use stdin, stdout or stderr for a smaller number");
    }
    if (request.descriptors().containsKey(target)) {
      throw new IllegalArgumentException("descriptor " + target + " is given twice");
    }
    checkExtra("descriptor " + target, source);
    checkLifeline(target, source);
    return put(target, source);
  }

  private static void checkExtra(String what, Stdio source) {
    if (source == Stdio.pipe() || source == Stdio.inherit()) {
      throw new IllegalArgumentException(
          what + ": use pipeToChild(), pipeFromChild() or Stdio.descriptor(NUMBER)");
    }
  }

  /** Checks that the number after each process is free for its lifeline. */
  private void checkLifeline(int target, Stdio source) {
    boolean first =
        source instanceof Redirect.OfProcess && request.descriptors().containsKey(target + 1);
    boolean second = request.descriptors().get(target - 1) instanceof Redirect.OfProcess;
    if (first || second) {
      int lifeline = first ? target + 1 : target;
      throw new IllegalArgumentException("descriptor " + lifeline
          + " is given twice: it is that of the lifeline of the process at " + (lifeline - 1)
          + "; leave the number after a process free");
    }
  }

  /**
   * Passes a descriptor to the child under a name, in the form of systemd: the descriptors have the
   * numbers from 3 on, in the order of the calls, {@code LISTEN_FDS} is their count, and
   * {@code LISTEN_FDNAMES} their names. A Java program takes them by
   * {@link InheritedDescriptors#take()}.
   *
   * <pre>{@code
   * Spawner.of("java", "-jar", "worker.jar")
   *     .passDescriptor("job", Stdio.process(job))
   *     .passDescriptor("config", Stdio.fromFile(path));
   * }</pre>
   *
   * <p>A process that has a lifeline ({@link Stdio#process}) takes two numbers: its lifeline is the
   * next descriptor, and is named as the process with {@link InheritedDescriptors#LIFELINE}
   * appended. Which processes have one is known at the spawn, so the numbers of the descriptors
   * after a process may differ from system to system; use the names.
   *
   * <p>{@code LISTEN_PID} and {@code LISTEN_PIDFDID} are removed, because the ID of the child is
   * not known before the child runs its program. {@code sd_listen_fds(3)} of libsystemd requires
   * {@code LISTEN_PID}. For a program that uses it, let a shell set the variable, whose ID the
   * program gets:
   *
   * <pre>{@code
   * Spawner.of("/bin/sh", "-c", "export LISTEN_PID=$$; exec \"$@\"", "sh", "program", "argument")
   * }</pre>
   *
   * @param name 0 to 255 characters of ASCII that can be printed, without {@code :}; for a process
   *     at most 246, so that the name of its lifeline is valid; several descriptors may have the
   *     same one
   * @param source as for {@link #descriptor}
   * @return a new spawner; its {@link #spawn()} needs {@link Feature#CHILD_SETUP}, as for
   *     {@link #descriptor}, and throws {@link IllegalArgumentException} if {@link #descriptor}
   *     gave one of the numbers
   * @throws IllegalArgumentException if the name is not valid, or the source is only valid for a
   *     standard stream
   */
  public Spawner passDescriptor(String name, Stdio source) {
    PassedNames.check(name, Objects.requireNonNull(source, "source") instanceof Redirect.OfProcess);
    checkExtra("the descriptor " + name, source);
    if (source == Stdio.stdout()) {
      throw new IllegalArgumentException(
          "only standard error can use the destination of standard output");
    }
    RequestChanges changes = changes();
    List<PassedDescriptor> passed = new ArrayList<>(changes.passed);
    passed.add(new PassedDescriptor(name, source));
    changes.passed = passed;
    return with(changes);
  }

  private Spawner put(int target, Stdio source) {
    Objects.requireNonNull(source, "source");
    if (source == Stdio.stdout() && target != 2) {
      throw new IllegalArgumentException(
          "only standard error can use the destination of standard output");
    }
    if (target <= 2 && !(source instanceof Enum)) {
      checkDirection(target, source);
      if (source instanceof Redirect.OfProcess) {
        throw new IllegalArgumentException(
            "a process descriptor cannot be a standard stream: use a number from 3 on");
      }
    }
    Set<Integer> all = new HashSet<>(set);
    all.add(target);
    RequestChanges changes = changes();
    replace(changes, target, source);
    return new Spawner(changes.done(), Set.copyOf(all));
  }

  /** Replaces a descriptor; the controlling terminal is then named by another of its numbers. */
  private static void replace(RequestChanges r, int target, Stdio source) {
    Stdio before = r.descriptors.get(target);
    r.descriptors().put(target, source);
    // A plain spawn does not load the class of the terminal.
    if (r.controllingTerminal.isPresent() && before instanceof Redirect.Terminal) {
      r.controllingTerminal = OptionalInt.empty();
      for (int number = 2; number >= 0; number--) {
        if (r.descriptors.get(number) instanceof Redirect.Terminal) {
          r.controllingTerminal = OptionalInt.of(number);
        }
      }
    }
  }

  private static void checkDirection(int target, Stdio source) {
    if (target == 0 ? source instanceof Redirect.ToPipe : source instanceof Redirect.FromPipe) {
      throw new IllegalArgumentException(
          target == 0
              ? "standard input cannot be a pipe that another child reads"
              : "an output cannot be a pipe that another child writes");
    }
  }

  /**
   * Sets the effect of the last close on a child that still runs.
   *
   * <p>FreeBSD: {@link OnClose#RELEASE} is {@code PD_DAEMON}, and {@link OnClose#KILL} its absence;
   * {@link OnClose#KILL_GROUP} is absent in the descriptor-only mode, and
   * {@link OnClose#KILL_CGROUP} always. Linux: {@code CLONE_PIDFD_AUTOKILL} (Linux 7.1) or a
   * guardian process, see {@link Platform#deathGuard()}.
   *
   * @param onClose the effect; {@link OnClose#KILL} by default
   * @return a new spawner; its {@link #spawn()} needs {@link Feature#KILL_ON_JVM_DEATH},
   *     {@link Feature#KILL_GROUP} or {@link Feature#KILL_CGROUP}, and for {@link OnClose#RELEASE}
   *     none of them
   */
  public Spawner onClose(OnClose onClose) {
    RequestChanges changes = changes();
    changes.onClose = Objects.requireNonNull(onClose, "onClose");
    return with(changes);
  }

  /**
   * Makes the child the leader of a new session without a terminal ({@code setsid}).
   *
   * @return a new spawner; on FreeBSD its {@link #spawn()} needs {@link Feature#CHILD_SETUP}
   */
  public Spawner newSession() {
    RequestChanges changes = changes();
    changes.newSession = true;
    return with(changes);
  }

  /**
   * Makes the child the leader of a new session that controls a terminal ({@code setsid},
   * {@code ioctl(TIOCSCTTY)}). {@link Terminal} tells how the systems differ at the exit of the
   * leader.
   *
   * @param fd the descriptor number of the terminal in the child, 0 for its standard input
   * @return a new spawner; its {@link #spawn()} needs {@link Feature#CHILD_SETUP}
   * @throws IllegalArgumentException if the number is negative
   */
  public Spawner controllingTerminal(int fd) {
    RequestChanges changes = changes();
    changes.newSession = true;
    changes.controllingTerminal = OptionalInt.of(checkDescriptor(fd));
    return with(changes);
  }

  /**
   * Starts the child on a new terminal, a pseudo-terminal whose other end this JVM holds: for a
   * program that behaves differently, or works only, on a terminal. Replaces {@link #stdin},
   * {@link #stdout} and {@link #stderr}, and makes the child the leader of a new session that the
   * terminal controls.
   *
   * <pre>{@code
   * try (ChildProcess child = Spawner.of("sh").terminal(new TerminalSize(80, 24)).spawn()) {
   *   child.stdin().write("stty size; exit\n".getBytes(UTF_8));
   *   String screen = new String(child.stdout().readAllBytes(), UTF_8);
   * }
   * }</pre>
   *
   * <p>{@link ChildProcess#stdin()} writes what is typed, and {@link ChildProcess#stdout()} reads
   * what appears on the screen, standard error included; {@link ChildProcess#stderr()} is absent.
   * {@link Terminal} describes the end of both. {@link #stdin}, {@link #stdout} and {@link #stderr}
   * after this method redirect one of the three. The terminal is then written through
   * {@link ChildProcess#pipeTo(int)} of the lowest number that is the terminal, and read through
   * {@link ChildProcess#pipeFrom(int)} of 1, 2 or 0, the first of these that is the terminal. A
   * child whose three descriptors are redirected has no terminal.
   *
   * <p>{@link #run(RunOptions)} captures the screen as standard output, with the echo of its input,
   * and types the end of file after the input.
   *
   * <p>The terminal is opened by names of files: {@code /dev/ptmx} on Linux, {@code /dev/pts/N} on
   * FreeBSD. So {@link #spawn()} fails with EPERM after {@link Platform#enterDescriptorOnlyMode}
   * with {@link DescriptorOnly#FILES}, and with ECAPMODE in FreeBSD's capability mode.
   *
   * <p>As with every {@link #controllingTerminal}, the search in {@code PATH} ends at a candidate
   * on a file system that answers ESTALE, or ETIMEDOUT on Linux. Give the path of the program if
   * {@code PATH} has such elements.
   *
   * @param size the size that the child finds
   * @return a new spawner; its {@link #spawn()} needs {@link Feature#CHILD_SETUP}
   * @see <a href="https://man7.org/linux/man-pages/man7/pty.7.html">pty(7), Linux</a>
   * @see <a href="https://man.freebsd.org/cgi/man.cgi?query=pts&amp;sektion=4">pts(4), FreeBSD</a>
   */
  public Spawner terminal(TerminalSize size) {
    return withTerminal(new Redirect.Terminal(Optional.of(size), OptionalInt.empty()));
  }

  /**
   * Starts the child on a new terminal, as {@link #terminal}, with the modes and the size of a
   * terminal of this JVM, such as its standard input: for a program that passes the bytes of its
   * own terminal on.
   *
   * @param fd a descriptor of this JVM; {@link #spawn()} fails with ENOTTY if it is no terminal
   * @return a new spawner; its {@link #spawn()} needs {@link Feature#CHILD_SETUP}
   * @throws IllegalArgumentException if the number is negative
   * @see Platform#terminalSize(int)
   */
  public Spawner terminalLike(int fd) {
    return withTerminal(
        new Redirect.Terminal(Optional.empty(), OptionalInt.of(checkDescriptor(fd))));
  }

  private Spawner withTerminal(Redirect.Terminal terminal) {
    Set<Integer> all = new HashSet<>(set);
    all.addAll(List.of(0, 1, 2));
    RequestChanges changes = changes();
    for (int target = 0; target <= 2; target++) {
      changes.descriptors().put(target, terminal);
    }
    changes.newSession = true;
    changes.controllingTerminal = OptionalInt.of(0);
    return new Spawner(changes.done(), Set.copyOf(all));
  }

  /**
   * Hands a terminal over to the child, as a shell does for a job: makes the child's process group
   * the foreground group of the terminal ({@code tcsetpgrp}), so that the child may read the
   * terminal and gets the signals of its keys. Use it with {@link #newProcessGroup()}; without a
   * group or session, the child is in the JVM's own group, and shares the terminal with it.
   *
   * <p>If the terminal is the controlling terminal of the JVM, two rules apply:
   *
   * <ul>
   *   <li>The JVM must have the terminal to hand it over: if neither its own process group nor that
   *       of a child that it handed the terminal to is the foreground group, the child starts in
   *       the background too. So a JVM in the background takes the terminal from no other job.
   *   <li>The JVM takes the terminal back for its own process group, before any of its threads
   *       learns of the change, when the last child of the group that was started with this option
   *       has ended, and when one of them has stopped, if the child's group still has the terminal
   *       then. If the child was killed by a signal or has stopped, the terminal's modes
   *       ({@code tcsetattr}) are restored too. A stop is noticed with
   *       {@link Feature#STATE_CHANGES} only. {@link ChildProcess#foreground()} hands the terminal
   *       over again. A spawn that fails leaves the terminal with the JVM.
   * </ul>
   *
   * <p>A child that controls a terminal by {@link #controllingTerminal} keeps it.
   *
   * @param fd the descriptor number of the terminal in the child; {@link #spawn()} fails with
   *     ENOTTY if it is no terminal, or not the controlling terminal of the child's session
   * @return a new spawner; its {@link #spawn()} needs {@link Feature#CHILD_SETUP}
   * @throws IllegalArgumentException if the number is negative
   */
  public Spawner foreground(int fd) {
    RequestChanges changes = changes();
    changes.foreground = OptionalInt.of(checkDescriptor(fd));
    return with(changes);
  }

  private static int checkDescriptor(int fd) {
    if (fd < 0) {
      throw new IllegalArgumentException("a descriptor number must not be negative: " + fd);
    }
    return fd;
  }

  /**
   * Makes the child the leader of a new process group ({@code setpgid(0, 0)}). The leader of a new
   * session is one already. FreeBSD refuses this option in the descriptor-only mode, and permits
   * {@link #newSession()}.
   *
   * @return a new spawner
   */
  public Spawner newProcessGroup() {
    RequestChanges changes = changes();
    changes.processGroup = OptionalInt.of(0);
    return with(changes);
  }

  /**
   * Moves the child into an existing process group of the JVM's session ({@code setpgid}). FreeBSD
   * refuses this option in the descriptor-only mode.
   *
   * @param group the ID of the group, positive
   * @return a new spawner
   * @throws IllegalArgumentException if the ID is not positive
   */
  public Spawner processGroup(int group) {
    if (group < 1) {
      throw new IllegalArgumentException("a process group ID must be positive, not " + group);
    }
    RequestChanges changes = changes();
    changes.processGroup = OptionalInt.of(group);
    return with(changes);
  }

  /**
   * Sets the child's signal mask. The default is the empty mask, regardless of the calling
   * thread's.
   *
   * @param signals the signals that start blocked
   * @return a new spawner
   * @throws IllegalArgumentException if a signal is given twice
   */
  public Spawner blockedSignals(Signal... signals) {
    RequestChanges changes = changes();
    changes.blockedSignals = Set.of(signals);
    return with(changes);
  }

  /**
   * Sets the signals whose disposition in the child starts as ignored, as {@code nohup} does. The
   * default is none, regardless of those that the JVM ignores or that its parent ignored, as under
   * {@code nohup}: each has its default disposition in the child. Excepted are signals that native
   * code in the JVM began to ignore less than a second before.
   *
   * @param signals the signals, without {@code SIGKILL} and {@code SIGSTOP}
   * @return a new spawner; its {@link #spawn()} needs {@link Feature#CHILD_SETUP}
   * @throws IllegalArgumentException for {@code SIGKILL} and {@code SIGSTOP}, or if a signal is
   *     given twice. {@link #spawn()} throws it for a number, such as {@code SIG9}, that has one of
   *     these names on this system or that this system does not have
   */
  public Spawner ignoredSignals(Signal... signals) {
    Set<Signal> set = Set.of(signals);
    if (set.contains(Signal.KILL) || set.contains(Signal.STOP)) {
      throw new IllegalArgumentException("SIGKILL and SIGSTOP cannot be ignored");
    }
    RequestChanges changes = changes();
    changes.ignoredSignals = set;
    return with(changes);
  }

  /**
   * Sets the child's file mode creation mask.
   *
   * @param mask the mask, 0 to 0777
   * @return a new spawner; its {@link #spawn()} needs {@link Feature#CHILD_SETUP}
   * @throws IllegalArgumentException if the mask is out of range
   */
  public Spawner umask(int mask) {
    if (mask < 0 || mask > 0777) {
      throw new IllegalArgumentException(
          "a umask must be 0 to 0777, not 0" + Integer.toOctalString(mask));
    }
    RequestChanges changes = changes();
    changes.umask = OptionalInt.of(mask);
    return with(changes);
  }

  /**
   * Sets a resource limit of the child, before its user changes.
   *
   * <p>Linux: {@code prlimit}. FreeBSD: {@code setrlimit}.
   *
   * @param resource the resource
   * @param limit the soft and the hard limit
   * @return a new spawner; its {@link #spawn()} needs {@link Feature#CHILD_SETUP}
   */
  public Spawner limit(Resource resource, Limit limit) {
    Objects.requireNonNull(resource, "resource");
    Objects.requireNonNull(limit, "limit");
    RequestChanges changes = changes();
    changes.limits().put(resource, limit);
    return with(changes);
  }

  /**
   * Sets the child's nice value ({@code setpriority}), before its user changes.
   *
   * @param value -20 (highest priority) to 19 on Linux, to 20 on FreeBSD; the system clamps other
   *     values
   * @return a new spawner; its {@link #spawn()} needs {@link Feature#CHILD_SETUP}
   */
  public Spawner nice(int value) {
    RequestChanges changes = changes();
    changes.nice = OptionalInt.of(value);
    return with(changes);
  }

  /**
   * Sets the user that the child becomes, with the primary group and the supplementary groups that
   * the user database lists, unless {@link #group}, {@link #supplementaryGroups} or
   * {@link #keepSupplementaryGroups} set others. Needs the privilege to change users and, unless
   * they are kept, supplementary groups.
   *
   * <p>{@link #spawn()} fails with ENOENT for a name that is unknown, and with another error
   * (EMFILE, EIO, EACCES) if the user or group database cannot be read. In the descriptor-only mode
   * that is EPERM on Linux, with {@link DescriptorOnly#FILES}, and ECAPMODE on FreeBSD.
   *
   * <p>Linux and FreeBSD: {@code setresuid}, {@code setresgid} and {@code setgroups}, with EPERM
   * without privilege. Linux: EINVAL for an ID that is not mapped in the user namespace of this
   * JVM. FreeBSD: the descriptor-only mode refuses {@code setgroups}, so the child also needs
   * {@link #keepSupplementaryGroups}.
   *
   * @param name a user name, looked up at each spawn
   * @return a new spawner; its {@link #spawn()} needs {@link Feature#CHILD_SETUP}
   * @throws IllegalArgumentException if the name contains a NUL
   */
  public Spawner user(String name) {
    checkNoNul("a user name", name);
    RequestChanges changes = changes();
    changes.user = Optional.of(new Account.Named(name));
    return with(changes);
  }

  /**
   * Sets the user that the child becomes, by ID. If the user database does not list the ID,
   * {@link #group} is required, and the child has no supplementary groups unless
   * {@link #supplementaryGroups} or {@link #keepSupplementaryGroups} sets them. The database is not
   * read if {@link #group} and one of these two are given as well. The errors are those of
   * {@link #user(String)}.
   *
   * @param id the user ID, 0 to 4294967294
   * @return a new spawner; its {@link #spawn()} needs {@link Feature#CHILD_SETUP}
   * @throws IllegalArgumentException if the ID is out of range
   */
  public Spawner user(long id) {
    RequestChanges changes = changes();
    changes.user = Optional.of(new Account.Numbered(id));
    return with(changes);
  }

  /**
   * Sets the group that the child becomes. The group changes before the user. The errors are those
   * of {@link #user(String)}.
   *
   * @param name a group name, looked up at each spawn
   * @return a new spawner; its {@link #spawn()} needs {@link Feature#CHILD_SETUP}
   * @throws IllegalArgumentException if the name contains a NUL
   */
  public Spawner group(String name) {
    checkNoNul("a group name", name);
    RequestChanges changes = changes();
    changes.group = Optional.of(new Account.Named(name));
    return with(changes);
  }

  /**
   * Sets the group that the child becomes, by ID.
   *
   * @param id the group ID, 0 to 4294967294
   * @return a new spawner; its {@link #spawn()} needs {@link Feature#CHILD_SETUP}
   * @throws IllegalArgumentException if the ID is out of range
   */
  public Spawner group(long id) {
    RequestChanges changes = changes();
    changes.group = Optional.of(new Account.Numbered(id));
    return with(changes);
  }

  /**
   * Sets the supplementary groups to exactly the given ones.
   *
   * <p>Linux and FreeBSD: {@code setgroups}, with EPERM without privilege. Linux: also EPERM in a
   * user namespace that forbids it, see {@link #keepSupplementaryGroups}; EINVAL for more than
   * 65,536 groups, or an ID that is not mapped in the user namespace. FreeBSD: EINVAL for more
   * groups than {@code kern.ngroups}; refused in the descriptor-only mode.
   *
   * @param ids the group IDs, each 0 to 4294967294; none clears the groups
   * @return a new spawner; its {@link #spawn()} needs {@link Feature#CHILD_SETUP}
   * @throws IllegalArgumentException if an ID is out of range
   */
  public Spawner supplementaryGroups(long... ids) {
    List<Account> groups = new ArrayList<>();
    for (long id : ids) {
      groups.add(new Account.Numbered(id));
    }
    RequestChanges changes = changes();
    changes.supplementaryGroups = new SupplementaryGroups.Listed(groups);
    return with(changes);
  }

  /**
   * Leaves the supplementary groups as they are in the JVM, also if {@link #user} changes the user.
   * Without this option, a child that changes its user gets the supplementary groups of that user.
   * Replaces {@link #supplementaryGroups}, and is replaced by it.
   *
   * <p>This is needed where a process may change its user but not its supplementary groups: on
   * Linux in a user namespace whose {@code /proc/PID/setgroups} is {@code deny}, such as that of
   * {@code unshare -r}. Elsewhere, a child that gives up privileges by {@link #user} retains those
   * that the JVM's supplementary groups give, so do not combine the two.
   *
   * @return a new spawner
   */
  public Spawner keepSupplementaryGroups() {
    RequestChanges changes = changes();
    changes.supplementaryGroups = new SupplementaryGroups.Kept();
    return with(changes);
  }

  /**
   * Sets the control group that the child is created in.
   *
   * <p>Linux: {@code clone3} with {@code CLONE_INTO_CGROUP} (Linux 5.7). Where {@code clone3} is
   * refused, the child enters the group by {@code cgroup.procs} before it executes its program.
   * FreeBSD has no control groups.
   *
   * <p>A group can be used again after {@code cgroup.kill} was written. Some kernels kill a child
   * of {@code clone3} at its creation if that file was written more often, or less often, for the
   * group than for that of the JVM. Such a child is created a second time and enters the group by
   * {@code cgroup.procs}, which takes longer. A new directory avoids this.
   *
   * <p>A group that does not accept the child fails the spawn at {@link SpawnException.Step#CGROUP}
   * with the rule that it violates: EBUSY if the group distributes controllers to its child groups,
   * EACCES without permission to move processes between the groups, EOPNOTSUPP for a domain in a
   * threaded subtree, EAGAIN if the {@code pids.max} of the group or of an ancestor is reached.
   *
   * <p>A frozen group is refused (EBUSY), because the child would not start before the group is
   * thawed. If the group is frozen between that check and the start of the program,
   * {@link #spawn()} waits for the thaw; an interrupt of its thread kills the child and fails the
   * spawn.
   *
   * @param directory the directory of a cgroup v2 that is delegated to the JVM's user
   * @return a new spawner; its {@link #spawn()} needs {@link Feature#CGROUP}, which is absent on
   *     FreeBSD and where {@link Feature#CHILD_SETUP} is
   * @throws UnsupportedOperationException if the path is one of another file system
   */
  public Spawner cgroup(Path directory) {
    Path checked = SystemPath.check(directory);
    RequestChanges changes = changes();
    changes.cgroup = Optional.of(checked);
    return with(changes);
  }

  /**
   * Sets whether exec stops granting privileges (set-user-ID, file capabilities) to the child and
   * its descendants.
   *
   * <p>Linux: {@code prctl(PR_SET_NO_NEW_PRIVS)} (Linux 3.5). FreeBSD:
   * {@code procctl(PROC_NO_NEW_PRIVS_CTL)} (FreeBSD 13.1), refused in the descriptor-only mode.
   *
   * @param wanted false by default
   * @return a new spawner; its {@link #spawn()} needs {@link Feature#NO_NEW_PRIVILEGES}, which is
   *     also absent where {@link Feature#CHILD_SETUP} is
   */
  public Spawner noNewPrivileges(boolean wanted) {
    RequestChanges changes = changes();
    changes.noNewPrivileges = wanted;
    return with(changes);
  }

  /**
   * Sets whether {@link ProcessDescriptor#resourceUsage()} is collected. On Linux this excludes
   * {@link #autoreap}, because the kernel gives the usage only to the process that reaps.
   *
   * @param wanted false by default
   * @return a new spawner
   */
  public Spawner collectUsage(boolean wanted) {
    RequestChanges changes = changes();
    changes.collectUsage = wanted;
    return with(changes);
  }

  /**
   * Sets whether the kernel reaps the child when it ends, where it can: {@code CLONE_AUTOREAP},
   * Linux 7.1. Then the host program cannot take the exit status of the child, and gets no
   * {@code SIGCHLD} at its end; see {@link Feature#INVISIBLE_CHILDREN}.
   *
   * <p>The kernel refuses one call to such a child, in each of its threads: {@code clone} and
   * {@code clone3} with {@code CLONE_PARENT}, by which a process starts a sibling, fail with
   * EINVAL. The processes that the child starts are not restricted. For a program that makes this
   * call itself, pass false. The child is then an ordinary child of this JVM, as on older kernels:
   * the host program's {@code waitpid(-1)} can take its exit status, {@code SIGCHLD} reports its
   * end, and its resource usage counts in {@code RUSAGE_CHILDREN}. {@link OnClose#KILL} then does
   * not use {@code CLONE_PIDFD_AUTOKILL}, which requires {@code CLONE_AUTOREAP}, and the guardian
   * kills the child when the JVM dies; see {@link Platform#guardian()}.
   *
   * <p>On FreeBSD, and on Linux before 7.1, this option has no effect.
   *
   * @param wanted true by default
   * @return a new spawner
   */
  public Spawner autoreap(boolean wanted) {
    RequestChanges changes = changes();
    changes.autoreap = wanted;
    return with(changes);
  }

  /**
   * Starts the child. When this method returns, the child executes its program; if a step fails, no
   * process is left. Only the calling thread waits, for as long as the kernel takes to load the
   * program.
   *
   * <p>The spawn is retried a bounded number of times if the program file is still open for writing
   * (ETXTBSY), which a fork in another thread can cause, and if resources are temporarily lacking
   * (EAGAIN). If this JVM has too many open descriptors (EMFILE), it is retried after a garbage
   * collection, if that has closed descriptors which the program has dropped.
   *
   * <p>In the descriptor-only mode Linux refuses a program by name with
   * {@link DescriptorOnly#PROGRAMS}, and a file with {@link DescriptorOnly#FILES} (EPERM); FreeBSD
   * refuses both (ECAPMODE): use {@link #ofDescriptor}.
   *
   * <p>The child blocks if it fills a pipe that nobody reads: see {@link Stdio#pipe()}.
   *
   * @return the running child
   * @throws SpawnException if a step fails, with the step, the system call, the path and the cause:
   *     ENOENT, EACCES, ENOTDIR for the program or directory; E2BIG for arguments and environment;
   *     ENOEXEC for a file that is neither a program nor a script with a {@code #!} line; EMFILE,
   *     EAGAIN and ENOMEM for limits; EPERM for user, limits and terminal
   * @throws UnsupportedFeatureException if an option needs a feature that is absent
   * @throws IllegalArgumentException if a string cannot be encoded for this system, or this system
   *     has no such signal
   * @throws UnsupportedOperationException if a path is not of the default file system
   * @throws java.io.InterruptedIOException if the thread is interrupted while it waits for the
   *     other end of a FIFO; see {@link Stdio#fromFile}
   * @throws IOException if a file or pipe for the child cannot be opened
   * @see <a href="https://man7.org/linux/man-pages/man2/clone.2.html">clone(2), Linux</a>
   * @see <a href="https://man.freebsd.org/cgi/man.cgi?query=pdfork&amp;sektion=2">pdfork(2),
   *     FreeBSD</a>
   */
  public ChildProcess spawn() throws IOException {
    return Platform.current().backend().spawn(request);
  }

  /**
   * Runs the child to its end with the default options, as {@link #run(RunOptions)}: without input,
   * with both outputs captured.
   *
   * @return the exit status, of whatever kind, and the output
   * @throws OutputLimitException if an output exceeds {@link Capture#DEFAULT_LIMIT}
   * @throws IOException as {@link #run(RunOptions)}
   * @throws InterruptedException as {@link #run(RunOptions)}
   */
  public CompletedProcess run() throws IOException, InterruptedException {
    return run(RunOptions.defaults());
  }

  /**
   * Runs the child to its end: starts it, writes its input, captures its outputs, waits and closes
   * the descriptor.
   *
   * <pre>{@code
   * String sorted = Spawner.of("sort", "-n")
   *     .run(RunOptions.defaults().input("3\n1\n2\n").timeout(Duration.ofSeconds(5)))
   *     .orThrow()
   *     .stdoutText();
   * }</pre>
   *
   * <p><b>Streams.</b> Standard output and standard error are captured unless this spawner sets a
   * destination for them, {@link Stdio#inherit()} included; {@link Stdio#stdout()} captures both as
   * standard output, and {@link Stdio#pipe()} changes nothing. Standard input is that of the
   * options. Without one it is what this spawner sets, else the null device. No thread blocks for
   * the outputs, nor for an input that is not a stream.
   *
   * <p><b>Terminal.</b> A child on a {@link #terminal} gets the input of the options, then the end
   * of file, as if typed; its standard output is the screen.
   *
   * <p><b>End.</b> The run is over when the child has ended and the captured outputs have reached
   * their end of file. If descendants of the child hold an output open, the run ends after
   * {@link RunOptions#outputAfterExit}, by default one second after the child. {@link OnClose} then
   * applies, so that {@link OnClose#KILL_GROUP} ends the rest of the group.
   *
   * <p><b>Failure.</b> The child is killed when the run exceeds its time limit or an output its
   * size limit, when the input or an output fails, and when the thread is interrupted. A child that
   * this JVM may not kill, such as one that runs as another user, is given up.
   *
   * <p>A virtual thread parks without pinning its carrier thread.
   *
   * @param options the input, the limits and the time limit
   * @return the exit status, of whatever kind, and the output; {@link CompletedProcess#orThrow()}
   *     turns a failure of the command into an exception
   * @throws RunTimeoutException if the time limit was exceeded
   * @throws OutputLimitException if an output exceeded its {@link Capture}
   * @throws InterruptedException if the thread is interrupted
   * @throws IllegalArgumentException if the options have an input and this spawner sets another one
   * @throws IllegalStateException if this spawner sets a pipe that the run does not use: one at
   *     another number than 0 to 2, or in the opposite direction
   * @throws IOException if the child cannot be started, as {@link #spawn()}, or if an input or an
   *     output fails
   */
  public CompletedProcess run(RunOptions options) throws IOException, InterruptedException {
    return startRun(options).await().get(0);
  }

  /**
   * Runs the child to its end, as {@link #run(RunOptions)}, without a thread that waits. The child
   * is started by this thread, before this method returns. So a start that waits, such as for the
   * other end of a FIFO, delays the return, up to the time limit of the options if they have one.
   *
   * @param options the input, the limits and the time limit
   * @return a future that completes with the result, and exceptionally with the exceptions of
   *     {@link #run(RunOptions)}, those of the start included. To cancel it, or to complete it
   *     otherwise, kills the child. Dependent actions run in a thread of the library, or of the
   *     common pool after a time limit; one that blocks does not delay other children
   */
  public CompletableFuture<CompletedProcess> runAsync(RunOptions options) {
    return CommandRun.async(() -> startRun(options), results -> results.get(0));
  }

  private CommandRun startRun(RunOptions options) throws IOException {
    Spawner spawner = forRun(options.input);
    return CommandRun.start(
        List.of(spawner), options, spawners -> ChildPipeline.of(spawner.spawn()));
  }

  SpawnRequest request() {
    return request;
  }

  /** Returns whether the source or destination of a descriptor was set, even to the default. */
  boolean isSet(int target) {
    return set.contains(target);
  }

  /** Starts a child that this JVM does not reap before its exit status is requested. */
  ChildProcess spawnUnwatched() throws IOException {
    return Platform.current().backend().spawnUnwatched(request);
  }

  /** Returns this spawner with the descriptors of a run. */
  Spawner forRun(RunInput input) {
    for (Map.Entry<Integer, Stdio> entry : request.descriptors().entrySet()) {
      int target = entry.getKey();
      Redirect.Pipe same = target == 0 ? Redirect.Pipe.TO_CHILD : Redirect.Pipe.FROM_CHILD;
      if (entry.getValue() instanceof Redirect.Pipe pipe
          && pipe != Redirect.Pipe.AUTOMATIC
          && (target > 2 || pipe != same)) {
        throw new IllegalStateException("a run does not use the pipe at descriptor " + target);
      }
    }
    RequestChanges changes = changes();
    for (int output = 1; output <= 2; output++) {
      if (!set.contains(output)) {
        changes.descriptors().put(output, Stdio.pipe());
      }
    }
    setInput(changes, input);
    return with(changes);
  }

  /** Sets standard input to what a run writes to it, unless the spawner has set it for that. */
  private void setInput(RequestChanges changes, RunInput input) {
    if (input instanceof RunInput.Absent) {
      if (!set.contains(0)) {
        changes.descriptors().put(0, Stdio.nullDevice());
      }
      return;
    }
    Stdio given = changes.descriptors.get(0);
    if ((given instanceof Redirect.Terminal || given instanceof Redirect.SocketPair)
        && !(input instanceof RunInput.OfFile)) {
      return; // Typed, or written to the socket.
    }
    if (set.contains(0)
        && !(given instanceof Redirect.Pipe || given instanceof Redirect.Terminal)) {
      throw new IllegalArgumentException(
          "standard input is given twice: by the spawner as " + given + ", and by the options");
    }
    replace(
        changes,
        0,
        input instanceof RunInput.OfFile file ? Stdio.fromFile(file.path()) : Stdio.pipe());
  }

  @Override
  public String toString() {
    return "Spawner" + request.arguments();
  }
}
