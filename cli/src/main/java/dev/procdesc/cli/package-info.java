/**
 * The command line tool {@code pd}. It is a program, not a library: it is built into one class path
 * JAR and has no module descriptor.
 */
@NullMarked
package dev.procdesc.cli;

import org.jspecify.annotations.NullMarked;
