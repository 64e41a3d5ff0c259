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
 * A request of a {@link dev.procdesc.Spawner} to a backend: complete, checked, immutable. The
 * methods of {@code Spawner} specify the options.
 *
 * @param program the program
 * @param arguments argv, including {@code argv[0]}
 * @param inheritEnvironment true if the child's environment starts as the JVM's
 * @param environment the variables to set, or to remove where the value is empty, in order
 * @param directory the working directory
 * @param descriptors the descriptors of the child by number; 0 to 2 are always present
 * @param onClose the effect of the last close
 * @param newSession true if the child leads a new session
 * @param processGroup the process group to join; 0 to lead a new one
 * @param controllingTerminal the child's descriptor number of the terminal that the new session
 *     controls
 * @param foreground the child's descriptor number of the terminal whose foreground group becomes
 *     the child's process group
 * @param blockedSignals the signal mask
 * @param ignoredSignals the signals whose disposition starts as ignored
 * @param umask the file mode creation mask
 * @param limits the resource limits
 * @param nice the nice value
 * @param user the user
 * @param group the group
 * @param supplementaryGroups the supplementary groups
 * @param cgroup the directory of the control group
 * @param noNewPrivileges true if exec grants no more privileges
 * @param collectUsage true if the resource usage is collected
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
   * Makes the collections immutable and retains their order.
   *
   * @param program see {@link #program()}
   * @param arguments see {@link #arguments()}
   * @param inheritEnvironment see {@link #inheritEnvironment()}
   * @param environment see {@link #environment()}
   * @param directory see {@link #directory()}
   * @param descriptors see {@link #descriptors()}
   * @param onClose see {@link #onClose()}
   * @param newSession see {@link #newSession()}
   * @param processGroup see {@link #processGroup()}
   * @param controllingTerminal see {@link #controllingTerminal()}
   * @param foreground see {@link #foreground()}
   * @param blockedSignals see {@link #blockedSignals()}
   * @param ignoredSignals see {@link #ignoredSignals()}
   * @param umask see {@link #umask()}
   * @param limits see {@link #limits()}
   * @param nice see {@link #nice()}
   * @param user see {@link #user()}
   * @param group see {@link #group()}
   * @param supplementaryGroups see {@link #supplementaryGroups()}
   * @param cgroup see {@link #cgroup()}
   * @param noNewPrivileges see {@link #noNewPrivileges()}
   * @param collectUsage see {@link #collectUsage()}
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
   * Returns a request with every option at its default.
   *
   * @param program the program
   * @param arguments argv, including {@code argv[0]}
   * @return a request that inherits standard input, output and error
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
   * Returns a mutable copy of this request.
   *
   * @return a copy that starts with the values of this request
   */
  public Changes change() {
    return new Changes(this);
  }

  /**
   * A mutable copy of a request. Each field has the meaning of the request's component of that
   * name.
   */
  public static final class Changes {
    /** See {@link SpawnRequest#program()}. */
    public Program program;

    /** See {@link SpawnRequest#arguments()}. */
    public List<String> arguments;

    /** See {@link SpawnRequest#inheritEnvironment()}. */
    public boolean inheritEnvironment;

    /** See {@link SpawnRequest#environment()}. */
    public Map<String, Optional<String>> environment;

    /** See {@link SpawnRequest#directory()}. */
    public Optional<Path> directory;

    /** See {@link SpawnRequest#descriptors()}. */
    public Map<Integer, Stdio> descriptors;

    /** See {@link SpawnRequest#onClose()}. */
    public OnClose onClose;

    /** See {@link SpawnRequest#newSession()}. */
    public boolean newSession;

    /** See {@link SpawnRequest#processGroup()}. */
    public OptionalInt processGroup;

    /** See {@link SpawnRequest#controllingTerminal()}. */
    public OptionalInt controllingTerminal;

    /** See {@link SpawnRequest#foreground()}. */
    public OptionalInt foreground;

    /** See {@link SpawnRequest#blockedSignals()}. */
    public Set<Signal> blockedSignals;

    /** See {@link SpawnRequest#ignoredSignals()}. */
    public Set<Signal> ignoredSignals;

    /** See {@link SpawnRequest#umask()}. */
    public OptionalInt umask;

    /** See {@link SpawnRequest#limits()}. */
    public Map<Resource, Limit> limits;

    /** See {@link SpawnRequest#nice()}. */
    public OptionalInt nice;

    /** See {@link SpawnRequest#user()}. */
    public Optional<Account> user;

    /** See {@link SpawnRequest#group()}. */
    public Optional<Account> group;

    /** See {@link SpawnRequest#supplementaryGroups()}. */
    public Optional<List<Account>> supplementaryGroups;

    /** See {@link SpawnRequest#cgroup()}. */
    public Optional<Path> cgroup;

    /** See {@link SpawnRequest#noNewPrivileges()}. */
    public boolean noNewPrivileges;

    /** See {@link SpawnRequest#collectUsage()}. */
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
     * Returns the changed request.
     *
     * @return an immutable request
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
