/**
 * Benchmarks, each against its peers in the same run. This is a program, not a library: it is built
 * into one class path JAR and has no module descriptor.
 */
@NullMarked
package dev.procdesc.bench;

import org.jspecify.annotations.NullMarked;
