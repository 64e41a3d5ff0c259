/** Records the capabilities of the running system and the mechanisms that are disabled. */
@NullMarked
package dev.procdesc.posix.probe;

import org.jspecify.annotations.NullMarked;
