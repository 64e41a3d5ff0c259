/** What any way to run a child must do, by {@link dev.procdesc.compat.Subject}. */
@NullMarked
package dev.procdesc.compat.contract;

import org.jspecify.annotations.NullMarked;
