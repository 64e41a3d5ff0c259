package dev.procdesc;

import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What the kernel tells of a process by descriptor: a look at one moment. Linux 6.13:
 * {@code PIDFD_GET_INFO}. What this kernel or this process has none of is absent.
 *
 * @param pid the process ID in the caller's PID namespace
 * @param parentPid the parent's ID; absent if the parent is outside the caller's PID namespace
 * @param credentials whose it is
 * @param cgroupId the ID of its cgroup v2, as {@code name_to_handle_at} gives it
 */
public record ProcessInfo(
    long pid, OptionalLong parentPid, Optional<Credentials> credentials, OptionalLong cgroupId) {
  /**
   * Checks for null.
   *
   * @param pid the process ID in the caller's PID namespace
   * @param parentPid the parent's ID; absent if the parent is outside the caller's PID namespace
   * @param credentials whose it is
   * @param cgroupId the ID of its cgroup v2, as {@code name_to_handle_at} gives it
   */
  public ProcessInfo {
    Objects.requireNonNull(parentPid, "parentPid");
    Objects.requireNonNull(credentials, "credentials");
    Objects.requireNonNull(cgroupId, "cgroupId");
  }

  /**
   * The user and group IDs of a process, in the caller's user namespace; each 0 to 4,294,967,295.
   *
   * @param realUser who started it
   * @param realGroup that user's group
   * @param effectiveUser whose rights it has
   * @param effectiveGroup which group's rights it has
   * @param savedUser whom it may become again
   * @param savedGroup which group it may take again
   */
  public record Credentials(
      long realUser,
      long realGroup,
      long effectiveUser,
      long effectiveGroup,
      long savedUser,
      long savedGroup) {}
}
