/** Tests C8: no descriptor leaks into a child or out of a close. */
@NullMarked
package dev.procdesc.compat.c08_leaks;

import org.jspecify.annotations.NullMarked;
