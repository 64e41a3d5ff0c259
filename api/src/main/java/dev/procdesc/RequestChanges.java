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

/** A mutable copy of a request, with the components of {@link SpawnRequest} as fields. */
final class RequestChanges {
  Program program;
  List<String> arguments;
  boolean inheritEnvironment = true;
  Map<String, Optional<String>> environment = new LinkedHashMap<>();
  Optional<Path> directory = Optional.empty();
  Map<Integer, Stdio> descriptors =
      new LinkedHashMap<>(Map.of(0, Stdio.inherit(), 1, Stdio.inherit(), 2, Stdio.inherit()));
  OnClose onClose = OnClose.KILL;
  boolean newSession;
  OptionalInt processGroup = OptionalInt.empty();
  OptionalInt controllingTerminal = OptionalInt.empty();
  OptionalInt foreground = OptionalInt.empty();
  Set<Signal> blockedSignals = Set.of();
  Set<Signal> ignoredSignals = Set.of();
  OptionalInt umask = OptionalInt.empty();
  Map<Resource, Limit> limits = new LinkedHashMap<>();
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
    environment = new LinkedHashMap<>(from.environment());
    directory = from.directory();
    descriptors = new LinkedHashMap<>(from.descriptors());
    onClose = from.onClose();
    newSession = from.newSession();
    processGroup = from.processGroup();
    controllingTerminal = from.controllingTerminal();
    foreground = from.foreground();
    blockedSignals = from.blockedSignals();
    ignoredSignals = from.ignoredSignals();
    umask = from.umask();
    limits = new LinkedHashMap<>(from.limits());
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

  /** Returns the changed request, which is immutable. */
  SpawnRequest done() {
    return new SpawnRequest(
        program,
        List.copyOf(arguments),
        inheritEnvironment,
        Collections.unmodifiableMap(new LinkedHashMap<>(environment)),
        directory,
        Collections.unmodifiableMap(new LinkedHashMap<>(descriptors)),
        onClose,
        newSession,
        processGroup,
        controllingTerminal,
        foreground,
        Set.copyOf(blockedSignals),
        Set.copyOf(ignoredSignals),
        umask,
        Collections.unmodifiableMap(new LinkedHashMap<>(limits)),
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
