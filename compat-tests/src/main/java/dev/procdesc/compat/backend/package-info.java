/** The guarantees of the library, on the backend of the running system. */
@NullMarked
package dev.procdesc.compat.backend;

import org.jspecify.annotations.NullMarked;
