/** Owns descriptors, waits for them interruptibly, and watches them with one thread. */
@NullMarked
package dev.procdesc.posix.io;

import org.jspecify.annotations.NullMarked;
