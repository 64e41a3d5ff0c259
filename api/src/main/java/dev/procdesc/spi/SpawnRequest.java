package dev.procdesc.spi;

import dev.procdesc.Limit;
import dev.procdesc.OnClose;
import dev.procdesc.Resource;
import dev.procdesc.Signal;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * A request of a {@link Spawner} to a backend: complete, checked, immutable. The linked methods
 * specify the options.
 *
 * @param program the program; see {@link Spawner#of(String...)} and {@link Spawner#ofDescriptor}
 * @param arguments argv, including {@code argv[0]}
 * @param inheritEnvironment see {@link Spawner#environmentOnly}
 * @param environment the variables to set, or to remove where the value is empty; see
 *     {@link Spawner#environment}
 * @param directory see {@link Spawner#directory}
 * @param descriptors the descriptors of the child by number; 0 to 2 are always present; see
 *     {@link Spawner#descriptor}
 * @param onClose see {@link Spawner#onClose}
 * @param newSession see {@link Spawner#newSession}
 * @param processGroup the process group to join; 0 to lead a new one; see
 *     {@link Spawner#processGroup}
 * @param controllingTerminal see {@link Spawner#controllingTerminal}
 * @param foreground see {@link Spawner#foreground}
 * @param blockedSignals see {@link Spawner#blockedSignals}
 * @param ignoredSignals see {@link Spawner#ignoredSignals}
 * @param umask see {@link Spawner#umask}
 * @param limits see {@link Spawner#limit}
 * @param nice see {@link Spawner#nice}
 * @param user see {@link Spawner#user(String)}
 * @param group see {@link Spawner#group(String)}
 * @param supplementaryGroups see {@link Spawner#supplementaryGroups} and
 *     {@link Spawner#keepSupplementaryGroups}
 * @param cgroup see {@link Spawner#cgroup}
 * @param noNewPrivileges see {@link Spawner#noNewPrivileges}
 * @param collectUsage see {@link Spawner#collectUsage}
 * @param autoreap see {@link Spawner#autoreap}
 * @param passed see {@link Spawner#passDescriptor}
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
    SupplementaryGroups supplementaryGroups,
    Optional<Path> cgroup,
    boolean noNewPrivileges,
    boolean collectUsage,
    boolean autoreap,
    List<PassedDescriptor> passed) {
  /**
   * Returns this request for a program that executes the program of this request. The collections
   * must not be changed afterwards.
   *
   * @param program the program that is executed instead
   * @param arguments its arguments, including {@code argv[0]}
   * @param environment the variables to set, or to remove where the value is empty
   * @param descriptors the descriptors of the child by number
   * @return a request with the other options of this one
   */
  public SpawnRequest executedBy(
      Program program,
      List<String> arguments,
      Map<String, Optional<String>> environment,
      Map<Integer, Stdio> descriptors) {
    return with(program, arguments, environment, descriptors, passed);
  }

  /**
   * Returns this request with numbers for the descriptors that had names only. The collections must
   * not be changed afterwards.
   *
   * @param environment the variables to set, or to remove where the value is empty
   * @param descriptors the descriptors of the child by number
   * @return a request with the other options of this one, which passes no descriptors by name
   */
  public SpawnRequest resolved(
      Map<String, Optional<String>> environment, Map<Integer, Stdio> descriptors) {
    return with(program, arguments, environment, descriptors, List.of());
  }

  private SpawnRequest with(
      Program program,
      List<String> arguments,
      Map<String, Optional<String>> environment,
      Map<Integer, Stdio> descriptors,
      List<PassedDescriptor> passed) {
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
        collectUsage,
        autoreap,
        passed);
  }
}
