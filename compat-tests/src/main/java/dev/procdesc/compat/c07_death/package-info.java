/** Tests C7: the death of the JVM is a close. */
@NullMarked
package dev.procdesc.compat.c07_death;

import org.jspecify.annotations.NullMarked;
