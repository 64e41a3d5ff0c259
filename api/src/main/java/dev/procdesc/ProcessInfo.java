package dev.procdesc;

import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A snapshot of the kernel's information about a process, read through its descriptor. Linux 6.13:
 * {@code ioctl(PIDFD_GET_INFO)}. Values that the kernel does not provide, or that the process does
 * not have, are absent.
 *
 * @param pid the process ID in the caller's PID namespace
 * @param parentPid the parent's ID; absent if the parent is outside the caller's PID namespace
 * @param credentials the user and group IDs
 * @param cgroupId the ID of the process's cgroup v2, as {@code name_to_handle_at} returns it
 */
public record ProcessInfo(
    long pid, OptionalLong parentPid, Optional<Credentials> credentials, OptionalLong cgroupId) {
  /**
   * Checks for null.
   *
   * @param pid see {@link #pid()}
   * @param parentPid see {@link #parentPid()}
   * @param credentials see {@link #credentials()}
   * @param cgroupId see {@link #cgroupId()}
   */
  public ProcessInfo {
    Objects.requireNonNull(parentPid, "parentPid");
    Objects.requireNonNull(credentials, "credentials");
    Objects.requireNonNull(cgroupId, "cgroupId");
  }

  /**
   * The user and group IDs of a process, in the caller's user namespace; each 0 to 4,294,967,295.
   *
   * @param realUser the real user ID, of the user who started the process
   * @param realGroup the real group ID, of that user's group
   * @param effectiveUser the effective user ID, which determines the process's privileges
   * @param effectiveGroup the effective group ID, which determines the process's privileges
   * @param savedUser the saved user ID, to which the process may return
   * @param savedGroup the saved group ID, to which the process may return
   */
  public record Credentials(
      long realUser,
      long realGroup,
      long effectiveUser,
      long effectiveGroup,
      long savedUser,
      long savedGroup) {}
}
