/** Owns descriptors, waits on them interruptibly, and watches them from one thread. */
@NullMarked
package dev.procdesc.posix.io;

import org.jspecify.annotations.NullMarked;
