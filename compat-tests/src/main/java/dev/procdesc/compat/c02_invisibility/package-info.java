/** Tests C2: children are invisible to the host program where the kernel allows it. */
@NullMarked
package dev.procdesc.compat.c02_invisibility;

import org.jspecify.annotations.NullMarked;
