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
 */
public record PreparedSpawn(
    SpawnRequest request,
    NativeArena arena,
    ChildDescriptors descriptors,
    List<byte[]> environment,
    Users.Identity identity,
    Optional<Foreground> foreground,
    Optional<PathSearch> search) {
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
            ? Optional.of(new PathSearch(named.name(), environment))
            : Optional.empty());
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
    return arena.strings(arguments);
  }

  /** Stores the environment in the arena and returns the address of the array. */
  long envp() {
    return arena.strings(environment);
  }
}
