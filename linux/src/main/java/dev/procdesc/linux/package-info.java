/**
 * The backend for Linux. {@code Numbers} has every number and layout, {@code Syscalls} every
 * binding, {@code Probes} what was found out about the running kernel, {@code LinuxLauncher} how
 * children are born, {@code PidfdOperations} how they end.
 */
@NullMarked
package dev.procdesc.linux;

import org.jspecify.annotations.NullMarked;
