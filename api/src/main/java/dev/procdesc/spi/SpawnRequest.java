package dev.procdesc.spi;

import dev.procdesc.Limit;
import dev.procdesc.OnClose;
import dev.procdesc.Resource;
import dev.procdesc.Signal;
import dev.procdesc.Stdio;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * What a {@link dev.procdesc.Spawner} asks of a backend: complete, checked, immutable.
 *
 * @param program which program
 * @param arguments argv, the zeroth included
 * @param inheritEnvironment whether the child's environment starts as the JVM's
 * @param environment variables to set, or to remove where empty, in order
 * @param directory the working directory
 * @param descriptors what stands at each descriptor number, 0 to 2 always there
 * @param onClose what the last close does
 * @param newSession whether the child leads a new session
 * @param processGroup the process group to join; 0 leads a new one
 * @param controllingTerminal the child's descriptor number of the terminal that the new session is
 *     to control
 * @param foreground the child's descriptor number of the terminal whose foreground group the
 *     child's is to be
 * @param blockedSignals the signal mask
 * @param ignoredSignals the signals that start ignored
 * @param umask the file mode creation mask
 * @param limits resource limits
 * @param nice the nice value
 * @param user the user
 * @param group the group
 * @param supplementaryGroups the supplementary groups
 * @param cgroup the control group's directory
 * @param noNewPrivileges whether exec may grant privileges no more
 * @param collectUsage whether the resource usage is wanted
 */
public record SpawnRequest(
    Program program,
    List<String> arguments,
    boolean inheritEnvironment,
    Map<String, Optional<String>> environment,
    Optional<Path> directory,
    Map<Integer, Stdio> descriptors,
    OnClose onClose,
    boolean newSession,
    OptionalInt processGroup,
    OptionalInt controllingTerminal,
    OptionalInt foreground,
    Set<Signal> blockedSignals,
    Set<Signal> ignoredSignals,
    OptionalInt umask,
    Map<Resource, Limit> limits,
    OptionalInt nice,
    Optional<Account> user,
    Optional<Account> group,
    Optional<List<Account>> supplementaryGroups,
    Optional<Path> cgroup,
    boolean noNewPrivileges,
    boolean collectUsage) {
  /**
   * Makes the collections immutable; their order is kept.
   *
   * @param program which program
   * @param arguments argv, the zeroth included
   * @param inheritEnvironment whether the child's environment starts as the JVM's
   * @param environment variables to set, or to remove where empty, in order
   * @param directory the working directory
   * @param descriptors what stands at each descriptor number, 0 to 2 always there
   * @param onClose what the last close does
   * @param newSession whether the child leads a new session
   * @param processGroup the process group to join; 0 leads a new one
   * @param controllingTerminal the child's descriptor number of the terminal that the new session
   *     is to control
   * @param foreground the child's descriptor number of the terminal whose foreground group the
   *     child's is to be
   * @param blockedSignals the signal mask
   * @param ignoredSignals the signals that start ignored
   * @param umask the file mode creation mask
   * @param limits resource limits
   * @param nice the nice value
   * @param user the user
   * @param group the group
   * @param supplementaryGroups the supplementary groups
   * @param cgroup the control group's directory
   * @param noNewPrivileges whether exec may grant privileges no more
   * @param collectUsage whether the resource usage is wanted
   */
  public SpawnRequest {
    arguments = List.copyOf(arguments);
    environment = Collections.unmodifiableMap(new LinkedHashMap<>(environment));
    descriptors = Collections.unmodifiableMap(new LinkedHashMap<>(descriptors));
    blockedSignals = Set.copyOf(blockedSignals);
    ignoredSignals = Set.copyOf(ignoredSignals);
    limits = Collections.unmodifiableMap(new LinkedHashMap<>(limits));
    supplementaryGroups = supplementaryGroups.map(List::copyOf);
  }

  /**
   * A request with every option at its default.
   *
   * @param program which program
   * @param arguments argv, the zeroth included
   * @return standard input, output and error inherited, nothing else asked for
   */
  public static SpawnRequest of(Program program, List<String> arguments) {
    Map<Integer, Stdio> inherited =
        Map.of(0, Stdio.inherit(), 1, Stdio.inherit(), 2, Stdio.inherit());
    return new SpawnRequest(
        program,
        arguments,
        true,
        Map.of(),
        Optional.empty(),
        inherited,
        OnClose.KILL,
        false,
        OptionalInt.empty(),
        OptionalInt.empty(),
        OptionalInt.empty(),
        Set.of(),
        Set.of(),
        OptionalInt.empty(),
        Map.of(),
        OptionalInt.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        false,
        false);
  }

  /**
   * A copy to change.
   *
   * @return starts with these values
   */
  public Changes change() {
    return new Changes(this);
  }

  /** A request in the making; each field starts with the value of the request it came from. */
  public static final class Changes {
    /** Which program. */
    public Program program;

    /** Argv, the zeroth included. */
    public List<String> arguments;

    /** Whether the child's environment starts as the JVM's. */
    public boolean inheritEnvironment;

    /** Variables to set, or to remove where empty, in order. */
    public Map<String, Optional<String>> environment;

    /** The working directory. */
    public Optional<Path> directory;

    /** What stands at each descriptor number, 0 to 2 always there. */
    public Map<Integer, Stdio> descriptors;

    /** What the last close does. */
    public OnClose onClose;

    /** Whether the child leads a new session. */
    public boolean newSession;

    /** The process group to join; 0 leads a new one. */
    public OptionalInt processGroup;

    /** The child's descriptor number of the terminal that the new session is to control. */
    public OptionalInt controllingTerminal;

    /**
     * The child's descriptor number of the terminal whose foreground group the child's is to be.
     */
    public OptionalInt foreground;

    /** The signal mask. */
    public Set<Signal> blockedSignals;

    /** The signals that start ignored. */
    public Set<Signal> ignoredSignals;

    /** The file mode creation mask. */
    public OptionalInt umask;

    /** Resource limits. */
    public Map<Resource, Limit> limits;

    /** The nice value. */
    public OptionalInt nice;

    /** The user. */
    public Optional<Account> user;

    /** The group. */
    public Optional<Account> group;

    /** The supplementary groups. */
    public Optional<List<Account>> supplementaryGroups;

    /** The control group's directory. */
    public Optional<Path> cgroup;

    /** Whether exec may grant privileges no more. */
    public boolean noNewPrivileges;

    /** Whether the resource usage is wanted. */
    public boolean collectUsage;

    private Changes(SpawnRequest from) {
      program = from.program;
      arguments = from.arguments;
      inheritEnvironment = from.inheritEnvironment;
      environment = new LinkedHashMap<>(from.environment);
      directory = from.directory;
      descriptors = new LinkedHashMap<>(from.descriptors);
      onClose = from.onClose;
      newSession = from.newSession;
      processGroup = from.processGroup;
      controllingTerminal = from.controllingTerminal;
      foreground = from.foreground;
      blockedSignals = from.blockedSignals;
      ignoredSignals = from.ignoredSignals;
      umask = from.umask;
      limits = new LinkedHashMap<>(from.limits);
      nice = from.nice;
      user = from.user;
      group = from.group;
      supplementaryGroups = from.supplementaryGroups;
      cgroup = from.cgroup;
      noNewPrivileges = from.noNewPrivileges;
      collectUsage = from.collectUsage;
    }

    /**
     * The changed request.
     *
     * @return immutable
     */
    public SpawnRequest done() {
      return new SpawnRequest(
          program,
          arguments,
          inheritEnvironment,
          environment,
          directory,
          descriptors,
          onClose,
          newSession,
          processGroup,
          controllingTerminal,
          foreground,
          blockedSignals,
          ignoredSignals,
          umask,
          limits,
          nice,
          user,
          group,
          supplementaryGroups,
          cgroup,
          noNewPrivileges,
          collectUsage);
    }
  }
}
