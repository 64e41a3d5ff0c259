package dev.procdesc.posix.ffi;

/**
 * The numbers of the system calls in the script of a child that take the same arguments on every
 * system; each backend supplies them from its {@code Numbers}.
 *
 * @param terminal the numbers of terminals
 * @param rlimInfinity the value of a resource limit that means no limit
 * @param closeRangeSince the first version with close_range
 */
public record SetupNumbers(
    long setsid,
    long setpgid,
    long umask,
    long setpriority,
    long setresgid,
    long setresuid,
    long chdir,
    long close,
    long closeRange,
    long ioctl,
    long getpgid,
    long execve,
    TerminalNumbers terminal,
    long rlimInfinity,
    String closeRangeSince) {}
