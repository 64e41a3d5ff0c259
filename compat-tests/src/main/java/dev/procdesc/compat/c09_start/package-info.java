/** Tests C9: a clean start or a clear error. */
@NullMarked
package dev.procdesc.compat.c09_start;

import org.jspecify.annotations.NullMarked;
