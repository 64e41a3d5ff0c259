/** The contracts on the library's children seen as {@code java.lang.Process}. */
@NullMarked
package dev.procdesc.compat.view;

import org.jspecify.annotations.NullMarked;
