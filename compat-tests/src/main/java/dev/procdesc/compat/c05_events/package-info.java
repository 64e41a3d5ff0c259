/** Tests C5: exit is an event. */
@NullMarked
package dev.procdesc.compat.c05_events;

import org.jspecify.annotations.NullMarked;
