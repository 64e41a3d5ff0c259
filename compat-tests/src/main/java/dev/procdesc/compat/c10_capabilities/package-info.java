/** Tests C10: descriptors are capabilities. */
@NullMarked
package dev.procdesc.compat.c10_capabilities;

import org.jspecify.annotations.NullMarked;
