/** Abstract tests of any way to run a child, a {@link dev.procdesc.compat.Subject}. */
@NullMarked
package dev.procdesc.compat.contract;

import org.jspecify.annotations.NullMarked;
