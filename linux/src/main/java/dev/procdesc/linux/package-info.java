/**
 * The backend for Linux. {@code Numbers} has every number and layout, {@code Syscalls} every
 * binding, {@code Probes} detects the features of the running kernel, {@code LinuxLauncher} creates
 * children, and {@code PidfdOperations} signals them and collects their exit status.
 */
@NullMarked
package dev.procdesc.linux;

import org.jspecify.annotations.NullMarked;
