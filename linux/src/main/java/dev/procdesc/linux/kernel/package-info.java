/** Binds Linux's system calls, holds their numbers and layouts, and probes the running kernel. */
@NullMarked
package dev.procdesc.linux.kernel;

import org.jspecify.annotations.NullMarked;
