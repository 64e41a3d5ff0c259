/** Binds FreeBSD's system calls, holds their numbers and layouts, and probes the running kernel. */
@NullMarked
package dev.procdesc.freebsd.kernel;

import org.jspecify.annotations.NullMarked;
