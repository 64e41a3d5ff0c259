/** Tests of {@code pd}. */
@NullMarked
package dev.procdesc.cli;

import org.jspecify.annotations.NullMarked;
