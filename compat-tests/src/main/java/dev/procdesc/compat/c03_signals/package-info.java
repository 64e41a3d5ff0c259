/** Tests C3: a signal reaches the process behind the descriptor, or no process. */
@NullMarked
package dev.procdesc.compat.c03_signals;

import org.jspecify.annotations.NullMarked;
