/** Tests C4: the exit status is exact and stays. */
@NullMarked
package dev.procdesc.compat.c04_status;

import org.jspecify.annotations.NullMarked;
