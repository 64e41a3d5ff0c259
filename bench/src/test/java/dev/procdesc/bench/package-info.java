/** Tests of the arithmetic and the table; the benchmarks themselves assert nothing. */
@NullMarked
package dev.procdesc.bench;

import org.jspecify.annotations.NullMarked;
