/** Tests C11: every method is safe under concurrency. */
@NullMarked
package dev.procdesc.compat.c11_concurrency;

import org.jspecify.annotations.NullMarked;
