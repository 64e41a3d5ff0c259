/** The control group: the contracts on {@code java.lang.Process}. */
@NullMarked
package dev.procdesc.compat.control;

import org.jspecify.annotations.NullMarked;
