/** Implements the life cycle of a process: state, references, rights, exit status, close. */
@NullMarked
package dev.procdesc.posix.process;

import org.jspecify.annotations.NullMarked;
