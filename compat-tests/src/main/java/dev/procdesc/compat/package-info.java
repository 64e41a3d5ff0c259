/**
 * The conformance suite of all backends, a program that runs on any machine with a Java runtime.
 *
 * <p>{@code c01_birth} to {@code c12_sandbox} test the guarantees C1 to C12 on the library.
 * {@code contract} has the abstract tests that apply to every way to run a child: the packages of
 * the guarantees run them on the library, {@code view} on its {@code asProcess()}, {@code control}
 * on {@code java.lang.Process}. A test that also fails in the control group shows a wrong test or a
 * wrong machine, not a wrong backend.
 *
 * <p>Rules: A test waits for events, never for a time. A child gets its orders over a pipe. A
 * feature that a system lacks is a skip with its {@code Feature} as the reason; a legitimate
 * difference between systems is a named predicate in {@link dev.procdesc.compat.Differences}. After
 * every test there are no more descriptors, children and files than before.
 */
@NullMarked
package dev.procdesc.compat;

import org.jspecify.annotations.NullMarked;
