/** Tests C12: the library works inside a sandbox. */
@NullMarked
package dev.procdesc.compat.c12_sandbox;

import org.jspecify.annotations.NullMarked;
