package dev.procdesc.posix.spawn;

import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.posix.ffi.NativeArena;
import dev.procdesc.posix.ffi.SystemStrings;
import dev.procdesc.posix.process.Foreground;
import dev.procdesc.spi.Program;
import dev.procdesc.spi.SpawnRequest;
import dev.procdesc.spi.SupplementaryGroups;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A spawn for which everything that does not depend on the mechanism is prepared.
 *
 * @param request the request of the application
 * @param arena the memory for arguments, which the child reads
 * @param descriptors the descriptors of the child, which are open in this JVM
 * @param environment the environment of the child
 * @param identity the user and groups of the child
 * @param foreground the hand-over of the controlling terminal to the child; empty if the child does
 *     not get it from this JVM
 * @param search the search for the program; empty if the program is an open descriptor
 * @param script the file that the program, which is the shell, executes; empty if the program is
 *     the requested one
 */
public record PreparedSpawn(
    SpawnRequest request,
    NativeArena arena,
    ChildDescriptors descriptors,
    List<byte[]> environment,
    Users.Identity identity,
    Optional<Foreground> foreground,
    Optional<PathSearch> search,
    Optional<byte[]> script) {
  private static final String SHELL = "/bin/sh";

  static PreparedSpawn of(
      SpawnRequest request,
      NativeArena arena,
      ChildDescriptors descriptors,
      Optional<Foreground> foreground)
      throws IOException {
    List<byte[]> environment = Environment.of(request.inheritEnvironment(), request.environment());
    return new PreparedSpawn(
        request,
        arena,
        descriptors,
        environment,
        identity(request),
        foreground,
        request.program() instanceof Program.Named named
            ? Optional.of(new PathSearch(
                named.name(), named.asProcessBuilder() ? Environment.inherited() : environment))
            : Optional.empty(),
        Optional.empty());
  }

  /**
   * Returns this spawn with the shell as the program, which executes the file that the kernel could
   * not execute.
   *
   * @return empty if the request does not follow the rules of {@code ProcessBuilder}, if no such
   *     file was found, or if the first child has hung up its terminal at its exit
   */
  Optional<PreparedSpawn> byShell() {
    boolean permitted = request.program() instanceof Program.Named named
        && named.asProcessBuilder()
        && request.controllingTerminal().isEmpty();
    if (!permitted || search.isEmpty() || search.get().script().isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(new PreparedSpawn(
        request,
        arena,
        descriptors,
        environment,
        identity,
        foreground,
        Optional.of(new PathSearch(SHELL, environment)),
        search.get().script()));
  }

  /** Looks the accounts up that the request names. Most requests name none. */
  private static Users.Identity identity(SpawnRequest request) throws ProcessDescriptorException {
    return request.user().isEmpty()
            && request.group().isEmpty()
            && request.supplementaryGroups() instanceof SupplementaryGroups.OfUser
        ? Users.Identity.UNCHANGED
        : Users.identify(request.user(), request.group(), request.supplementaryGroups());
  }

  /** Stores the arguments in the arena and returns the address of the array. */
  long argv() {
    List<byte[]> arguments = new ArrayList<>();
    for (String argument : request.arguments()) {
      arguments.add(SystemStrings.encode(argument));
    }
    if (script.isPresent()) {
      arguments.set(0, script.get());
      arguments.add(0, SystemStrings.encode(SHELL));
    }
    return arena.strings(arguments);
  }

  /** Stores the environment in the arena and returns the address of the array. */
  long envp() {
    return arena.strings(environment);
  }
}
