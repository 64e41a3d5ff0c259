/** Tests C1: a child is born as a descriptor. */
@NullMarked
package dev.procdesc.compat.c01_birth;

import org.jspecify.annotations.NullMarked;
