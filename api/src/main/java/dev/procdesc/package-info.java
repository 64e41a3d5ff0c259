/**
 * A child process is a descriptor that you hold, wait on, signal and close.
 *
 * <p>Start with {@link dev.procdesc.Spawner}; it makes a {@link dev.procdesc.ChildProcess}, which
 * is a {@link dev.procdesc.ProcessDescriptor} with streams. {@link dev.procdesc.Platform} says what
 * the running kernel can do before you ask for it.
 *
 * <p>Rules that hold everywhere in this package:
 *
 * <ul>
 *   <li>Nothing is ever done by process ID. {@link dev.procdesc.ProcessDescriptor#pid()} is for
 *       people and logs.
 *   <li>Every method may be called from any thread, virtual threads included.
 *   <li>What the system refuses is a {@link dev.procdesc.ProcessDescriptorException}; misuse (a
 *       closed descriptor, a NUL in an argument) is an unchecked exception before any process
 *       exists; what the running kernel lacks is an
 *       {@link dev.procdesc.UnsupportedFeatureException}.
 *   <li>Absence is {@link java.util.Optional}; there are no nulls and no sentinel numbers.
 * </ul>
 */
@NullMarked
package dev.procdesc;

import org.jspecify.annotations.NullMarked;
