/**
 * Child processes as descriptors that the caller holds, waits on, signals and closes.
 *
 * <p>Start with {@link dev.procdesc.Spawner}, which creates a {@link dev.procdesc.ChildProcess}: a
 * {@link dev.procdesc.ProcessDescriptor} with streams. {@link dev.procdesc.Platform} lists the
 * features of the running kernel before a call needs one.
 *
 * <p>Rules for the whole package:
 *
 * <ul>
 *   <li>No operation identifies a process by its ID. {@link dev.procdesc.ProcessDescriptor#pid()}
 *       is for display and logs.
 *   <li>Every method may be called from any thread, including virtual threads.
 *   <li>An error of the system is a {@link dev.procdesc.ProcessDescriptorException}. Misuse (a
 *       closed descriptor, a NUL in an argument) is an unchecked exception before any process
 *       exists. A feature that the running kernel lacks is an
 *       {@link dev.procdesc.UnsupportedFeatureException}.
 *   <li>Absence is {@link java.util.Optional}; there are no nulls and no sentinel numbers.
 * </ul>
 */
@NullMarked
package dev.procdesc;

import org.jspecify.annotations.NullMarked;
