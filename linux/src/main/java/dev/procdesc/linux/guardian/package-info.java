/** Starts the guardian process and keeps it informed of every child that it must kill. */
@NullMarked
package dev.procdesc.linux.guardian;

import org.jspecify.annotations.NullMarked;
