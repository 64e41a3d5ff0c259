/**
 * The backend for FreeBSD. {@code Numbers} has every number and layout, {@code Syscalls} every
 * binding, {@code Probes} detects the features of the running kernel, {@code FreeBsdLauncher}
 * creates children, and {@code ProcdescOperations} signals them and collects their exit status.
 */
@NullMarked
package dev.procdesc.freebsd;

import org.jspecify.annotations.NullMarked;
