package dev.procdesc.cli;

import dev.procdesc.OnClose;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.TypeConversionException;

/** The options of {@code pd run} that configure the {@link Spawner}. */
final class SpawnOptions {
  /**
   * The value of LC_ALL before the launcher chose a locale in which the JVM can decode every
   * argument: empty if it was not set, null if the launcher did not change it.
   */
  private static final @Nullable String ORIGINAL_LC_ALL = System.getProperty("pd.lc_all");

  private final Options.Value<Path> directory;
  private final Options.Values<String> environment;
  private final Options.Values<String> unset;
  private final Options.Flag clear;
  private final Options.Value<Stdio> stdin;
  private final Options.Value<Stdio> stdout;
  private final Options.Value<Stdio> stderr;
  private final Options.Value<String> argv0;
  private final Options.Flag session;
  private final Options.Value<String> user;
  private final Options.Value<String> group;
  private final Options.Flag keepGroups;
  private final Options.Value<Integer> nice;
  private final Options.Value<Integer> umask;
  private final Options.Values<LimitOption> limits;
  private final Options.Flag noNewPrivileges;
  private final Options.Flag noAutoreap;
  private final Options.Value<Path> cgroup;
  private final Options.Value<OnClose> onClose;

  SpawnOptions(Options options) {
    directory = options.value(
        Path::of,
        "DIR",
        "Sets the working directory. A relative COMMAND with a slash is relative to it.",
        "-C",
        "--cwd");
    environment = options.values(
        text -> text,
        "NAME[=VALUE]",
        "Sets a variable; without a value, passes that of pd. Repeatable.",
        "-e",
        "--env");
    unset = options.values(text -> text, "NAME", "Removes a variable. Repeatable.", "--unset-env");
    clear = options.flag("Passes no variables except those of --env.", "--clear-env");
    stdin = options.value(
        StdioSpec::input,
        "SPEC",
        "inherit (the default), null, file:PATH, or fd:N for a descriptor of pd.",
        "--stdin");
    stdout = options.value(
        StdioSpec::output,
        "SPEC",
        "inherit, null, file:PATH (created or truncated), append:PATH, new:PATH (must not exist),"
            + " fd:N.",
        "--stdout");
    stderr = options.value(
        StdioSpec::errorOutput,
        "SPEC",
        "The same, or stdout for the destination of standard output.",
        "--stderr");
    argv0 = options.value(
        text -> text,
        "NAME",
        "Sets argv[0], the name that the command sees as its own.",
        "--argv0");
    session = options.flag(
        "Starts the command in a new session without a terminal. ^C then reaches it through pd.",
        "--session");
    user = options.value(
        text -> text,
        "USER",
        "Runs as this user, by name or number, with all groups of the user, unless --keep-groups is"
            + " given.",
        "-u",
        "--user");
    group = options.value(
        text -> text, "GROUP", "Runs as this group, by name or number.", "-g", "--group");
    keepGroups = options.flag(
        "Leaves the supplementary groups unchanged, also with --user. Needed in a user namespace"
            + " that forbids changing them, as that of unshare -r.",
        "--keep-groups");
    nice = options.value(SpawnOptions::nice, "N", "Sets the nice value, -20 to 19.", "--nice");
    umask = options.value(
        SpawnOptions::umask, "MASK", "Sets the file mode creation mask, octal.", "--umask");
    limits = options.values(
        LimitOption::of,
        "NAME=SOFT[:HARD]",
        "Sets a resource limit: as, core, cpu, data, fsize, memlock, nofile, nproc or stack; a"
            + " number, with K, M, G or T if needed, or unlimited. Repeatable.",
        "--limit");
    noNewPrivileges = options.flag(
        "Disables set-user-ID programs and file capabilities for the command and its descendants.",
        "--no-new-privileges");
    noAutoreap = options.flag(
        "Makes the command an ordinary child of pd on Linux 7.1 and later, where the kernel reaps"
            + " it otherwise. Needed if the command itself calls clone with CLONE_PARENT, which fails"
            + " with EINVAL otherwise.",
        "--no-autoreap");
    cgroup =
        options.value(Path::of, "DIR", "Starts the command in this cgroup v2 (Linux).", "--cgroup");
    onClose = options.value(
        SpawnOptions::onClose,
        "kill|release|kill-group|kill-cgroup",
        "Sets the effect of the end of pd on a command that still runs: kills it (the default),"
            + " releases it, or kills its process group, which needs --session, or its --cgroup."
            + " Only release needs no death guard (see pd doctor).",
        "--on-close");
  }

  private static OnClose onClose(String text) {
    return switch (text) {
      case "kill" -> OnClose.KILL;
      case "release" -> OnClose.RELEASE;
      case "kill-group" -> OnClose.KILL_GROUP;
      case "kill-cgroup" -> OnClose.KILL_CGROUP;
      default ->
        throw new TypeConversionException(
            "'" + text + "' is none of kill, release, kill-group, kill-cgroup");
    };
  }

  private static Integer nice(String text) {
    if (!text.matches("[-+]?[0-9]{1,3}")) {
      throw new TypeConversionException("'" + text + "' is not a nice value: use -20 to 19");
    }
    return Integer.valueOf(text);
  }

  private static Integer umask(String text) {
    if (!text.matches("0?[0-7]{1,3}")) {
      throw new TypeConversionException("'" + text + "' is not a umask: use the form 022 or 0077");
    }
    return Integer.valueOf(text, 8);
  }

  /** Returns whether {@code --on-close} is given. */
  boolean isOnCloseGiven() {
    return onClose.get().isPresent();
  }

  /**
   * Returns a spawner of a command that gets the signals that are sent to all processes of the
   * session, process group or cgroup in which these options start a command.
   *
   * @param command the command and its arguments
   * @param inSession whether the command is in a session of its own in any case
   */
  Spawner beside(List<String> command, boolean inSession) {
    Spawner spawner = with(Spawner.of(command), cgroup.get(), Spawner::cgroup);
    return inSession || session.isGiven() ? spawner.newSession() : spawner;
  }

  /** Returns whether standard input, output and error are all given. */
  boolean areAllGiven() {
    return stdin.get().isPresent() && stdout.get().isPresent() && stderr.get().isPresent();
  }

  /** Returns a spawner whose standard input, output and error are the null device. */
  static Spawner withNullDevice(Spawner spawner) {
    Stdio none = Stdio.nullDevice();
    return spawner.stdin(none).stdout(none).stderr(none);
  }

  /**
   * Returns a spawner of the command with these options.
   *
   * @param command the command and its arguments
   * @param standard sets the default of standard input, output and error
   */
  Spawner spawner(List<String> command, UnaryOperator<Spawner> standard) {
    Spawner spawner = standard.apply(withEnvironment(Spawner.of(command)));
    spawner = with(spawner, stdin.get(), Spawner::stdin);
    spawner = with(spawner, stdout.get(), Spawner::stdout);
    spawner = with(spawner, stderr.get(), Spawner::stderr);
    spawner = with(spawner, argv0.get(), Spawner::argv0);
    spawner = with(spawner, directory.get(), Spawner::directory);
    spawner = with(spawner, cgroup.get(), Spawner::cgroup);
    spawner = with(spawner, onClose.get(), Spawner::onClose);
    spawner = with(spawner, nice.get(), Spawner::nice);
    spawner = with(spawner, umask.get(), Spawner::umask);
    spawner = with(spawner, user.get(), SpawnOptions::withUser);
    spawner = with(spawner, group.get(), SpawnOptions::withGroup);
    if (keepGroups.isGiven()) {
      spawner = spawner.keepSupplementaryGroups();
    }
    for (LimitOption limit : limits.get()) {
      spawner = spawner.limit(limit.resource(), limit.limit());
    }
    if (session.isGiven()) {
      spawner = spawner.newSession();
    }
    if (noAutoreap.isGiven()) {
      spawner = spawner.autoreap(false);
    }
    return noNewPrivileges.isGiven() ? spawner.noNewPrivileges(true) : spawner;
  }

  private static <T> Spawner with(
      Spawner spawner, Optional<T> option, BiFunction<Spawner, T, Spawner> change) {
    return option.isPresent() ? change.apply(spawner, option.get()) : spawner;
  }

  private Spawner withEnvironment(Spawner plain) {
    Spawner spawner = plain;
    if (clear.isGiven()) {
      spawner = spawner.environmentOnly(Map.of());
    } else if (ORIGINAL_LC_ALL != null) {
      spawner = withOwn(spawner, "LC_ALL");
    }
    for (String name : unset.get()) {
      spawner = spawner.withoutEnvironment(name);
    }
    for (String variable : environment.get()) {
      int equals = variable.indexOf('=');
      spawner = equals < 0
          ? withOwn(spawner, variable)
          : spawner.environment(variable.substring(0, equals), variable.substring(equals + 1));
    }
    return spawner;
  }

  /** Passes a variable with the value that it has for the user of {@code pd}. */
  private Spawner withOwn(Spawner spawner, String name) {
    String value = System.getenv(name);
    if (name.equals("LC_ALL") && ORIGINAL_LC_ALL != null) {
      value = ORIGINAL_LC_ALL.isEmpty() ? null : ORIGINAL_LC_ALL;
    } else if (!clear.isGiven() && !unset.get().contains(name)) {
      // The command inherits the bytes, of which Java knows only those that are text.
      return spawner;
    }
    if (value != null && Main.isMangled(value)) {
      throw new IllegalArgumentException("the variable " + name + " has " + Main.MANGLED);
    }
    return value == null ? spawner.withoutEnvironment(name) : spawner.environment(name, value);
  }

  private static Spawner withUser(Spawner spawner, String user) {
    return isNumber(user) ? spawner.user(Long.parseLong(user)) : spawner.user(user);
  }

  private static Spawner withGroup(Spawner spawner, String group) {
    return isNumber(group) ? spawner.group(Long.parseLong(group)) : spawner.group(group);
  }

  private static boolean isNumber(String account) {
    return account.matches("[0-9]{1,18}");
  }
}
