/** Prepares and starts a child: script, descriptors, environment, users, the spawn stub. */
@NullMarked
package dev.procdesc.posix.spawn;

import org.jspecify.annotations.NullMarked;
