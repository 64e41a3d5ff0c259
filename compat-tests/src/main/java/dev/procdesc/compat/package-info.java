/**
 * The conformance suite: what every backend must show, as a program that runs on any machine with a
 * Java runtime.
 *
 * <p>{@code contract} has the abstract tests that any way to run a child can take; {@code backend}
 * runs them on the library, with all that only the library promises; {@code view} on its
 * {@code asProcess()}; {@code control} on {@code java.lang.Process}. What fails in the control
 * group too is a wrong test or a wrong machine, not a wrong backend.
 *
 * <p>Rules: a test waits for events, never for time. A child is told what to do over a pipe. What a
 * system lacks is a skip with its {@code Feature} as the reason; a legitimate difference between
 * systems is a named predicate in {@link dev.procdesc.compat.Differences}. After every test there
 * are no more descriptors, children and files than before.
 */
@NullMarked
package dev.procdesc.compat;

import org.jspecify.annotations.NullMarked;
