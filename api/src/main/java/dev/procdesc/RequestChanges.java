package dev.procdesc;

import dev.procdesc.spi.Account;
import dev.procdesc.spi.PassedDescriptor;
import dev.procdesc.spi.Program;
import dev.procdesc.spi.SpawnRequest;
import dev.procdesc.spi.SupplementaryGroups;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * A mutable copy of a request, with the components of {@link SpawnRequest} as fields. A map is
 * copied when it is first changed, by the method of its name: few requests change any.
 */
final class RequestChanges {
  private static final Map<Integer, Stdio> INHERITED = inherited();

  Program program;
  List<String> arguments;
  boolean inheritEnvironment = true;
  Map<String, Optional<String>> environment = Map.of();
  Optional<Path> directory = Optional.empty();
  Map<Integer, Stdio> descriptors = INHERITED;
  OnClose onClose = OnClose.KILL;
  boolean newSession;
  OptionalInt processGroup = OptionalInt.empty();
  OptionalInt controllingTerminal = OptionalInt.empty();
  OptionalInt foreground = OptionalInt.empty();
  Set<Signal> blockedSignals = Set.of();
  Set<Signal> ignoredSignals = Set.of();
  OptionalInt umask = OptionalInt.empty();
  Map<Resource, Limit> limits = Map.of();
  OptionalInt nice = OptionalInt.empty();
  Optional<Account> user = Optional.empty();
  Optional<Account> group = Optional.empty();
  SupplementaryGroups supplementaryGroups = new SupplementaryGroups.OfUser();
  Optional<Path> cgroup = Optional.empty();
  boolean noNewPrivileges;
  boolean collectUsage;
  boolean autoreap = true;
  List<PassedDescriptor> passed = List.of();

  /** Creates a request with every option at its default. */
  RequestChanges(Program program, List<String> arguments) {
    this.program = program;
    this.arguments = arguments;
  }

  RequestChanges(SpawnRequest from) {
    program = from.program();
    arguments = from.arguments();
    inheritEnvironment = from.inheritEnvironment();
    environment = from.environment();
    directory = from.directory();
    descriptors = from.descriptors();
    onClose = from.onClose();
    newSession = from.newSession();
    processGroup = from.processGroup();
    controllingTerminal = from.controllingTerminal();
    foreground = from.foreground();
    blockedSignals = from.blockedSignals();
    ignoredSignals = from.ignoredSignals();
    umask = from.umask();
    limits = from.limits();
    nice = from.nice();
    user = from.user();
    group = from.group();
    supplementaryGroups = from.supplementaryGroups();
    cgroup = from.cgroup();
    noNewPrivileges = from.noNewPrivileges();
    collectUsage = from.collectUsage();
    autoreap = from.autoreap();
    passed = from.passed();
  }

  private static Map<Integer, Stdio> inherited() {
    Map<Integer, Stdio> standard = new LinkedHashMap<>();
    for (int number = 0; number <= 2; number++) {
      standard.put(number, Stdio.inherit());
    }
    return Collections.unmodifiableMap(standard);
  }

  Map<String, Optional<String>> environment() {
    environment = mutable(environment);
    return environment;
  }

  Map<Integer, Stdio> descriptors() {
    descriptors = mutable(descriptors);
    return descriptors;
  }

  Map<Resource, Limit> limits() {
    limits = mutable(limits);
    return limits;
  }

  private static <K, V> Map<K, V> mutable(Map<K, V> map) {
    return map instanceof LinkedHashMap ? map : new LinkedHashMap<>(map);
  }

  private static <K, V> Map<K, V> immutable(Map<K, V> map) {
    return map instanceof LinkedHashMap ? Collections.unmodifiableMap(map) : map;
  }

  /** Returns the changed request, which is immutable; this object is not used any more. */
  SpawnRequest done() {
    return new SpawnRequest(
        program,
        List.copyOf(arguments),
        inheritEnvironment,
        immutable(environment),
        directory,
        immutable(descriptors),
        onClose,
        newSession,
        processGroup,
        controllingTerminal,
        foreground,
        Set.copyOf(blockedSignals),
        Set.copyOf(ignoredSignals),
        umask,
        immutable(limits),
        nice,
        user,
        group,
        supplementaryGroups,
        cgroup,
        noNewPrivileges,
        collectUsage,
        autoreap,
        List.copyOf(passed));
  }
}
