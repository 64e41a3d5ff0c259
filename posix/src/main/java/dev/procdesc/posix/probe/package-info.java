/** Records what the running system can do, and which mechanisms are switched off. */
@NullMarked
package dev.procdesc.posix.probe;

import org.jspecify.annotations.NullMarked;
