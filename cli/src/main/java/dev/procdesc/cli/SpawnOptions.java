package dev.procdesc.cli;

import dev.procdesc.OnClose;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.TypeConversionException;

/** How the command is to start: the options of {@code pd run} that go to the {@link Spawner}. */
final class SpawnOptions {
  /**
   * What LC_ALL was before the launcher chose a locale in which the JVM can read every argument:
   * empty if it was not set, null if the launcher left it alone.
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
  private final Options.Value<Integer> nice;
  private final Options.Value<Integer> umask;
  private final Options.Values<LimitOption> limits;
  private final Options.Flag noNewPrivileges;
  private final Options.Value<Path> cgroup;
  private final Options.Value<OnClose> onClose;

  SpawnOptions(Options options) {
    directory = options.value(
        Path::of,
        "DIR",
        "Its working directory. A COMMAND with a slash that is not absolute is looked up there.",
        "-C",
        "--cwd");
    environment = options.values(
        text -> text,
        "NAME[=VALUE]",
        "Sets a variable; without a value, keeps pd's own. Repeatable.",
        "-e",
        "--env");
    unset =
        options.values(text -> text, "NAME", "Leaves a variable out. Repeatable.", "--unset-env");
    clear = options.flag("Gives it no variables but those of --env.", "--clear-env");
    stdin = options.value(
        StdioSpec::input,
        "SPEC",
        "inherit (the default), null, file:PATH, or fd:N for a descriptor of pd's.",
        "--stdin");
    stdout = options.value(
        StdioSpec::output,
        "SPEC",
        "inherit, null, file:PATH (made or emptied), append:PATH, new:PATH (must not exist),"
            + " fd:N.",
        "--stdout");
    stderr = options.value(
        StdioSpec::errorOutput,
        "SPEC",
        "The same, or stdout for where its standard output goes.",
        "--stderr");
    argv0 = options.value(text -> text, "NAME", "What it sees as its own name.", "--argv0");
    session = options.flag(
        "Makes it the leader of a session without a terminal. ^C then reaches it through pd.",
        "--session");
    user = options.value(
        text -> text,
        "USER",
        "Becomes this user, by name or number, with all of the user's groups.",
        "-u",
        "--user");
    group = options.value(
        text -> text, "GROUP", "Becomes this group, by name or number.", "-g", "--group");
    nice = options.value(SpawnOptions::nice, "N", "Its nice value, -20 to 19.", "--nice");
    umask = options.value(
        SpawnOptions::umask, "MASK", "Its file mode creation mask, octal.", "--umask");
    limits = options.values(
        LimitOption::of,
        "NAME=SOFT[:HARD]",
        "A resource limit: as, core, cpu, data, fsize, memlock, nofile, nproc or stack; a"
            + " number, one with K, M, G or T, or unlimited. Repeatable.",
        "--limit");
    noNewPrivileges = options.flag(
        "Set-user-ID programs and file capabilities have no effect from here on.",
        "--no-new-privileges");
    cgroup = options.value(Path::of, "DIR", "Starts it in this cgroup v2 (Linux).", "--cgroup");
    onClose = options.value(
        SpawnOptions::onClose,
        "kill|release|kill-group|kill-cgroup",
        "What the end of pd does to a command that still runs: kills it (the default), leaves it"
            + " alone, or kills all of its process group, which needs --session, or of its"
            + " --cgroup. Only release needs no death guard (see pd doctor).",
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
      throw new TypeConversionException("'" + text + "' is no nice value: write -20 to 19");
    }
    return Integer.valueOf(text);
  }

  private static Integer umask(String text) {
    if (!text.matches("0?[0-7]{1,3}")) {
      throw new TypeConversionException("'" + text + "' is no umask: write 022 or 0077");
    }
    return Integer.valueOf(text, 8);
  }

  /** Returns whether it was said what the end of {@code pd} does to the command. */
  boolean isOnCloseGiven() {
    return onClose.get().isPresent();
  }

  /** Whether the command leads a session of its own. */
  boolean isSession() {
    return session.isGiven();
  }

  /**
   * What was asked for.
   *
   * @param command the command and its arguments
   * @param standard what stands at standard input, output and error if no option says it
   */
  Spawner spawner(List<String> command, Stdio standard) {
    Spawner spawner = withEnvironment(Spawner.of(command));
    spawner = spawner.stdin(stdin.get().orElse(standard));
    spawner = spawner.stdout(stdout.get().orElse(standard));
    spawner = spawner.stderr(stderr.get().orElse(standard));
    spawner = with(spawner, argv0.get(), Spawner::argv0);
    spawner = with(spawner, directory.get(), Spawner::directory);
    spawner = with(spawner, cgroup.get(), Spawner::cgroup);
    spawner = with(spawner, onClose.get(), Spawner::onClose);
    spawner = with(spawner, nice.get(), Spawner::nice);
    spawner = with(spawner, umask.get(), Spawner::umask);
    spawner = with(spawner, user.get(), SpawnOptions::withUser);
    spawner = with(spawner, group.get(), SpawnOptions::withGroup);
    for (LimitOption limit : limits.get()) {
      spawner = spawner.limit(limit.resource(), limit.limit());
    }
    if (session.isGiven()) {
      spawner = spawner.newSession();
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

  /** With this variable as the user of {@code pd} has it. */
  private static Spawner withOwn(Spawner spawner, String name) {
    String value = System.getenv(name);
    if (name.equals("LC_ALL") && ORIGINAL_LC_ALL != null) {
      value = ORIGINAL_LC_ALL.isEmpty() ? null : ORIGINAL_LC_ALL;
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
