/**
 * The backend for FreeBSD. {@code Numbers} has every number and layout, {@code Syscalls} every
 * binding, {@code Probes} what was found out about the running kernel, {@code FreeBsdLauncher} how
 * children are born, {@code ProcdescOperations} how they end.
 */
@NullMarked
package dev.procdesc.freebsd;

import org.jspecify.annotations.NullMarked;
