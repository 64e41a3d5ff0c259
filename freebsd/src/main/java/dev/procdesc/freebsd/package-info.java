/**
 * The backend for FreeBSD. {@code Numbers} has every number and layout, {@code Calls} every
 * binding, {@code Kernel} what was found out about the running kernel, {@code Spawning} how
 * children are born, {@code Waiting} how they end.
 */
@NullMarked
package dev.procdesc.freebsd;

import org.jspecify.annotations.NullMarked;
