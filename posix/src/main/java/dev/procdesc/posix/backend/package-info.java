/** Holds the part of a backend that is the same on every system. */
@NullMarked
package dev.procdesc.posix.backend;

import org.jspecify.annotations.NullMarked;
