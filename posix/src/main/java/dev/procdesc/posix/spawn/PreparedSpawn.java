package dev.procdesc.posix.spawn;

import dev.procdesc.posix.ffi.NativeArena;
import dev.procdesc.posix.ffi.SystemStrings;
import dev.procdesc.spi.SpawnRequest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * A spawn for which everything that does not depend on the mechanism is prepared.
 *
 * @param request the request of the application
 * @param arena the memory for arguments, which the child reads
 * @param descriptors the descriptors of the child, which are open in this JVM
 * @param environment the environment of the child
 * @param identity the user and groups of the child
 */
public record PreparedSpawn(
    SpawnRequest request,
    NativeArena arena,
    ChildDescriptors descriptors,
    List<byte[]> environment,
    Users.Identity identity) {
  static PreparedSpawn of(SpawnRequest request, NativeArena arena, ChildDescriptors descriptors)
      throws IOException {
    return new PreparedSpawn(
        request,
        arena,
        descriptors,
        Environment.of(request.inheritEnvironment(), request.environment()),
        Users.identify(request.user(), request.group(), request.supplementaryGroups()));
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
