package dev.procdesc;

import dev.procdesc.spi.Account;
import dev.procdesc.spi.Program;
import dev.procdesc.spi.SpawnRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Starts children as descriptors. Immutable and reusable: each method returns a new spawner.
 *
 * <pre>{@code
 * try (ChildProcess child = Spawner.of("sort", "-n").stdin(Stdio.pipe()).spawn()) {
 *   child.stdin().write("3\n1\n2\n".getBytes(UTF_8));
 *   child.stdin().close();
 *   ExitStatus status = child.waitFor();
 * }
 * }</pre>
 *
 * <p>A child starts clean: an empty signal mask, every signal at its default, no descriptor but
 * those asked for. What is not said here is inherited as by {@code execve}: environment, directory,
 * user, limits, nice value, umask, session.
 *
 * <p>A JVM raises its own soft limit of open files to the hard one when it starts, and so its
 * children's; {@code -XX:-MaxFDLimit} keeps it, {@link #limit} sets the child's.
 *
 * <p>The child is created by {@code clone3} or {@code clone} with CLONE_PIDFD on Linux (5.4), by
 * {@code pdfork} or {@code pdrfork} on FreeBSD (9 and 15.1).
 */
public final class Spawner {
  private final SpawnRequest request;

  private Spawner(SpawnRequest request) {
    this.request = request;
  }

  private Spawner with(Consumer<SpawnRequest.Changes> change) {
    SpawnRequest.Changes changes = request.change();
    change.accept(changes);
    return new Spawner(changes.done());
  }

  /**
   * A program and its arguments. A program name with a slash is a path, relative to the child's
   * directory; one without is searched for in the child's PATH ({@code /bin:/usr/bin} if it has
   * none), by the rules of {@code execvp}: a candidate that may not be executed is passed over, and
   * EACCES is the answer if none can be.
   *
   * @param command the program, then its arguments
   * @return a spawner with every option at its default
   * @throws IllegalArgumentException if the command is empty, its first word is, or a word has a
   *     NUL
   */
  public static Spawner of(String... command) {
    return of(Arrays.asList(command));
  }

  /**
   * A program and its arguments, as {@link #of(String...)}.
   *
   * @param command the program, then its arguments
   * @return a spawner with every option at its default
   * @throws IllegalArgumentException if the command is empty, its first word is, or a word has a
   *     NUL
   */
  public static Spawner of(List<String> command) {
    if (command.isEmpty()) {
      throw new IllegalArgumentException("the command is empty: it needs at least a program");
    }
    checkArguments(command);
    if (command.get(0).isEmpty()) {
      throw new IllegalArgumentException("the program's name is empty");
    }
    return new Spawner(SpawnRequest.of(new Program.Named(command.get(0)), command));
  }

  /**
   * A program that is open already: {@code execveat} with AT_EMPTY_PATH on Linux (3.19),
   * {@code fexecve} on FreeBSD. Works where no path can be opened any more. A script ({@code #!})
   * cannot be run so from a close-on-exec descriptor, because its interpreter could not open it.
   *
   * <p>In FreeBSD's capability mode ({@link Platform#enterDescriptorOnlyMode}) a dynamic program is
   * run by {@code /libexec/ld-elf.so.1}, which was opened before, in its direct mode (FreeBSD 12).
   * What that changes for the program:
   *
   * <ul>
   *   <li>It gets descriptors that nobody asked for: the directories of libraries, for reading, at
   *       the numbers that {@code LD_LIBRARY_PATH_FDS} in its environment names. They come next but
   *       one behind the largest number asked for, are not close-on-exec, and are limited to
   *       loading libraries.
   *   <li>Its libraries are looked for in those directories alone: the ones of {@code ldconfig},
   *       {@code /lib} and {@code /usr/lib}, as they were when the mode was entered. Neither its
   *       own run path nor {@code LD_LIBRARY_PATH} is followed. A value of
   *       {@code LD_LIBRARY_PATH_FDS} that is set here comes first.
   *   <li>Tools that list processes show the linker and its words.
   *   <li>The descriptor must be readable, the file be executable by its mode bits, {@code argv[0]}
   *       be there, and the program be one of 64 bits that names this linker. A program whose
   *       descriptor cannot be read is left to the kernel, which aborts it if it is dynamic.
   * </ul>
   *
   * @param fd an open descriptor of this JVM; it stays the caller's and must be open at each spawn
   * @param arguments argv, the zeroth included
   * @return a spawner with every option at its default
   * @throws IllegalArgumentException if the number is negative, or an argument has a NUL
   */
  public static Spawner ofDescriptor(int fd, String... arguments) {
    if (fd < 0) {
      throw new IllegalArgumentException("a descriptor's number is not negative: " + fd);
    }
    List<String> argv = List.of(arguments);
    checkArguments(argv);
    return new Spawner(SpawnRequest.of(new Program.Descriptor(fd), argv));
  }

  private static void checkArguments(List<String> arguments) {
    for (String argument : arguments) {
      checkNoNul("an argument", argument);
    }
  }

  private static String checkNoNul(String what, String text) {
    if (Objects.requireNonNull(text, what).indexOf('\0') >= 0) {
      throw new IllegalArgumentException(
          what + " has a NUL, which ends a string for the system: " + text.replace("\0", "\\0"));
    }
    return text;
  }

  /**
   * Another {@code argv[0]} than the program's name.
   *
   * @param name what the program sees as its own name
   * @return a new spawner
   * @throws IllegalArgumentException if it has a NUL
   */
  public Spawner argv0(String name) {
    checkNoNul("argv[0]", name);
    return with(r -> {
      List<String> arguments = new ArrayList<>(r.arguments);
      if (arguments.isEmpty()) {
        arguments.add(name);
      } else {
        arguments.set(0, name);
      }
      r.arguments = arguments;
    });
  }

  /**
   * The child's working directory. It is entered by the child after the user was changed, so it
   * must be open to that user. A relative path is relative to the JVM's directory.
   *
   * @param directory an existing directory; if it is none, {@code spawn()} says so
   * @return a new spawner
   */
  public Spawner directory(Path directory) {
    checkNoNul("a directory", directory.toString());
    return with(r -> r.directory = Optional.of(directory));
  }

  /**
   * Sets a variable of the child's environment.
   *
   * @param name not empty, without {@code =}
   * @param value its value
   * @return a new spawner
   * @throws IllegalArgumentException if the name is none, or either has a NUL
   */
  public Spawner environment(String name, String value) {
    checkVariable(name);
    checkNoNul("the value of the variable " + name, value);
    return with(r -> r.environment.put(name, Optional.of(value)));
  }

  /**
   * Leaves a variable of the JVM's environment out.
   *
   * @param name not empty, without {@code =}
   * @return a new spawner
   * @throws IllegalArgumentException if the name is none
   */
  public Spawner withoutEnvironment(String name) {
    checkVariable(name);
    return with(r -> r.environment.put(name, Optional.empty()));
  }

  /**
   * Gives the child this environment instead of the JVM's.
   *
   * @param variables all of it
   * @return a new spawner
   * @throws IllegalArgumentException if a name is none, or a name or value has a NUL
   */
  public Spawner environmentOnly(Map<String, String> variables) {
    Map<String, Optional<String>> all = new LinkedHashMap<>();
    variables.forEach((name, value) -> {
      checkVariable(name);
      all.put(name, Optional.of(checkNoNul("the value of the variable " + name, value)));
    });
    return with(r -> {
      r.inheritEnvironment = false;
      r.environment = all;
    });
  }

  private static void checkVariable(String name) {
    checkNoNul("a variable's name", name);
    if (name.isEmpty() || name.indexOf('=') >= 0) {
      throw new IllegalArgumentException(
          "a variable's name is not empty and has no '=': \"" + name + "\"");
    }
  }

  /**
   * What the child reads at descriptor 0. Default: the JVM's own.
   *
   * @param stdin where from
   * @return a new spawner
   */
  public Spawner stdin(Stdio stdin) {
    return put(0, stdin);
  }

  /**
   * Where the child writes descriptor 1. Default: the JVM's own.
   *
   * @param stdout where to
   * @return a new spawner
   */
  public Spawner stdout(Stdio stdout) {
    return put(1, stdout);
  }

  /**
   * Where the child writes descriptor 2. Default: the JVM's own.
   *
   * @param stderr where to; {@link Stdio#stdout()} for {@code 2>&1}
   * @return a new spawner
   */
  public Spawner stderr(Stdio stderr) {
    return put(2, stderr);
  }

  /**
   * An extra descriptor for the child, open across exec.
   *
   * @param target its number in the child, from 3; below the child's descriptor limit
   * @param source what stands there: a descriptor, a file, the null device,
   *     {@link Stdio#pipeToChild()} or {@link Stdio#pipeFromChild()}
   * @return a new spawner
   * @throws IllegalArgumentException if the number is below 3 or already given, or the source makes
   *     no sense there
   */
  public Spawner descriptor(int target, Stdio source) {
    if (target < 3) {
      throw new IllegalArgumentException("an extra descriptor's number is 3 or more, not "
          + target
          + ": use stdin, stdout or stderr below that");
    }
    if (request.descriptors().containsKey(target)) {
      throw new IllegalArgumentException("descriptor " + target + " is given twice");
    }
    if (source == Stdio.pipe() || source == Stdio.inherit()) {
      throw new IllegalArgumentException("descriptor "
          + target
          + ": say which way with pipeToChild() or pipeFromChild(), or give descriptor("
          + target
          + ")");
    }
    return put(target, source);
  }

  private Spawner put(int target, Stdio source) {
    Objects.requireNonNull(source, "source");
    if (source == Stdio.stdout() && target != 2) {
      throw new IllegalArgumentException("only standard error can go where standard output goes");
    }
    return with(r -> r.descriptors.put(target, source));
  }

  /**
   * What the last close does to a child that still runs.
   *
   * @param onClose default {@link OnClose#KILL}
   * @return a new spawner
   */
  public Spawner onClose(OnClose onClose) {
    return with(r -> r.onClose = Objects.requireNonNull(onClose, "onClose"));
  }

  /**
   * Makes the child the leader of a new session without a terminal ({@code setsid}).
   *
   * @return a new spawner
   */
  public Spawner newSession() {
    return with(r -> r.newSession = true);
  }

  /**
   * Makes the child the leader of a new session that controls a terminal ({@code setsid},
   * TIOCSCTTY).
   *
   * @param fd the child's descriptor number of the terminal, 0 for its standard input
   * @return a new spawner
   */
  public Spawner controllingTerminal(int fd) {
    return with(r -> {
      r.newSession = true;
      r.controllingTerminal = OptionalInt.of(checkDescriptor(fd));
    });
  }

  /**
   * Makes the child's process group the foreground group of a terminal of its session
   * ({@code tcsetpgrp}), as a shell does for a job.
   *
   * @param fd the child's descriptor number of the terminal
   * @return a new spawner
   */
  public Spawner foreground(int fd) {
    return with(r -> r.foreground = OptionalInt.of(checkDescriptor(fd)));
  }

  private static int checkDescriptor(int fd) {
    if (fd < 0) {
      throw new IllegalArgumentException("a descriptor's number is not negative: " + fd);
    }
    return fd;
  }

  /**
   * Makes the child the leader of a new process group ({@code setpgid(0, 0)}). In a new session it
   * is one already.
   *
   * @return a new spawner
   */
  public Spawner newProcessGroup() {
    return with(r -> r.processGroup = OptionalInt.of(0));
  }

  /**
   * Puts the child into an existing process group of the JVM's session ({@code setpgid}).
   *
   * @param group the group's ID, positive
   * @return a new spawner
   * @throws IllegalArgumentException if it is not positive
   */
  public Spawner processGroup(int group) {
    if (group < 1) {
      throw new IllegalArgumentException("a process group's ID is positive, not " + group);
    }
    return with(r -> r.processGroup = OptionalInt.of(group));
  }

  /**
   * The child's signal mask. Default: empty, whatever the calling thread's is.
   *
   * @param signals those that start blocked
   * @return a new spawner
   */
  public Spawner blockedSignals(Signal... signals) {
    return with(r -> r.blockedSignals = Set.of(signals));
  }

  /**
   * The signals that the child starts with ignored, as {@code nohup} does. Default: none, whatever
   * the JVM ignores.
   *
   * @param signals not {@code SIGKILL} or {@code SIGSTOP}
   * @return a new spawner
   * @throws IllegalArgumentException for {@code SIGKILL} and {@code SIGSTOP}
   */
  public Spawner ignoredSignals(Signal... signals) {
    Set<Signal> set = Set.of(signals);
    if (set.contains(Signal.KILL) || set.contains(Signal.STOP)) {
      throw new IllegalArgumentException("SIGKILL and SIGSTOP cannot be ignored");
    }
    return with(r -> r.ignoredSignals = set);
  }

  /**
   * The child's file mode creation mask.
   *
   * @param mask 0 to 0777
   * @return a new spawner
   * @throws IllegalArgumentException if it is out of range
   */
  public Spawner umask(int mask) {
    if (mask < 0 || mask > 0777) {
      throw new IllegalArgumentException(
          "a umask is 0 to 0777, not 0" + Integer.toOctalString(mask));
    }
    return with(r -> r.umask = OptionalInt.of(mask));
  }

  /**
   * A resource limit of the child ({@code prlimit} on Linux, {@code setrlimit} on FreeBSD), set
   * before its user changes.
   *
   * @param resource which
   * @param limit soft and hard
   * @return a new spawner
   */
  public Spawner limit(Resource resource, Limit limit) {
    Objects.requireNonNull(resource, "resource");
    Objects.requireNonNull(limit, "limit");
    return with(r -> r.limits.put(resource, limit));
  }

  /**
   * The child's nice value ({@code setpriority}), set before its user changes.
   *
   * @param value -20 (first served) to 19 on Linux, to 20 on FreeBSD; the system cuts what is
   *     beyond
   * @return a new spawner
   */
  public Spawner nice(int value) {
    return with(r -> r.nice = OptionalInt.of(value));
  }

  /**
   * The user to become, with the primary group and the supplementary groups that the user database
   * gives it, unless {@link #group} or {@link #supplementaryGroups} say otherwise. Needs the
   * privilege to change users.
   *
   * @param name a user name
   * @return a new spawner
   */
  public Spawner user(String name) {
    checkNoNul("a user name", name);
    return with(r -> r.user = Optional.of(new Account.Named(name)));
  }

  /**
   * The user to become, by number. If the user database does not know it, {@link #group} must be
   * given too, and no supplementary groups are kept.
   *
   * @param id 0 to 4294967294
   * @return a new spawner
   */
  public Spawner user(long id) {
    return with(r -> r.user = Optional.of(new Account.Numbered(id)));
  }

  /**
   * The group to become. The group is set before the user.
   *
   * @param name a group name
   * @return a new spawner
   */
  public Spawner group(String name) {
    checkNoNul("a group name", name);
    return with(r -> r.group = Optional.of(new Account.Named(name)));
  }

  /**
   * The group to become, by number.
   *
   * @param id 0 to 4294967294
   * @return a new spawner
   */
  public Spawner group(long id) {
    return with(r -> r.group = Optional.of(new Account.Numbered(id)));
  }

  /**
   * Exactly these supplementary groups.
   *
   * @param ids each 0 to 4294967294; none at all clears them
   * @return a new spawner
   */
  public Spawner supplementaryGroups(long... ids) {
    List<Account> groups = new ArrayList<>();
    for (long id : ids) {
      groups.add(new Account.Numbered(id));
    }
    return with(r -> r.supplementaryGroups = Optional.of(groups));
  }

  /**
   * The control group that the child is born in: clone3's CLONE_INTO_CGROUP (Linux 5.7). Where
   * clone3 is refused, the child enters it by {@code cgroup.procs} before it executes its program.
   *
   * @param directory of a cgroup v2, delegated to the JVM's user
   * @return a new spawner; {@code spawn()} needs {@link Feature#CGROUP}, which FreeBSD lacks
   */
  public Spawner cgroup(Path directory) {
    return with(r -> r.cgroup = Optional.of(directory));
  }

  /**
   * Whether exec stops granting privileges to the child and its descendants (set-user-ID and file
   * capabilities): {@code prctl(PR_SET_NO_NEW_PRIVS)} on Linux (3.5),
   * {@code procctl(PROC_NO_NEW_PRIVS_CTL)} on FreeBSD (13.1).
   *
   * @param wanted default false
   * @return a new spawner
   */
  public Spawner noNewPrivileges(boolean wanted) {
    return with(r -> r.noNewPrivileges = wanted);
  }

  /**
   * Whether {@link ProcessDescriptor#resourceUsage()} is wanted. On Linux from 7.1 this child is
   * then visible to the host program's {@code waitpid(-1)} and SIGCHLD, because the kernel gives
   * the usage only to one who reaps.
   *
   * @param wanted default false
   * @return a new spawner
   */
  public Spawner collectUsage(boolean wanted) {
    return with(r -> r.collectUsage = wanted);
  }

  /**
   * Starts the child. When this returns, it executes its program; if any step fails, no process is
   * left. Nothing but the calling thread waits, for as long as the kernel takes to load the
   * program.
   *
   * <p>A program file that is still open for writing somewhere (ETXTBSY), which a fork in another
   * thread can cause, and a passing lack of resources (EAGAIN) are tried again a bounded number of
   * times.
   *
   * @return the running child
   * @throws SpawnException if a step fails; it names the step, the system call, the path and the
   *     cause: ENOENT, EACCES, ENOTDIR for the program or directory, E2BIG for arguments and
   *     environment, ENOEXEC for a file that is no program, EMFILE, EAGAIN and ENOMEM for limits,
   *     EPERM for user, limits and terminal
   * @throws UnsupportedFeatureException if an option needs a feature that is absent
   * @throws IllegalArgumentException if a string cannot be encoded for this system, or this system
   *     has no such signal
   * @throws IOException if a file or pipe for the child cannot be opened
   * @see <a href="https://man7.org/linux/man-pages/man2/clone.2.html">clone(2), Linux</a>
   * @see <a href="https://man.freebsd.org/cgi/man.cgi?query=pdfork&amp;sektion=2">pdfork(2),
   *     FreeBSD</a>
   */
  public ChildProcess spawn() throws IOException {
    return Platform.current().backend().spawn(request);
  }

  @Override
  public String toString() {
    return "Spawner" + request.arguments();
  }
}
