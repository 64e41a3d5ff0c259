/** Tests C6: the last close kills. */
@NullMarked
package dev.procdesc.compat.c06_close;

import org.jspecify.annotations.NullMarked;
