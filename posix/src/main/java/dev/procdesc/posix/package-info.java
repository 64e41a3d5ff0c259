/**
 * What the backends share. The rule for what stands here: if both kernels do it in the same way, it
 * is here once (reading a pipe, waiting in poll, the life of a process object); if they differ in
 * the call, it is in each backend under the same file name; if they differ in a number only, the
 * code is here and the number comes from the backend's {@code Numbers}.
 */
@NullMarked
package dev.procdesc.posix;

import org.jspecify.annotations.NullMarked;
