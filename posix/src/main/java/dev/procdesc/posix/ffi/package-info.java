/** Calls C functions through jffi: bindings, errno, native memory, strings and shared numbers. */
@NullMarked
package dev.procdesc.posix.ffi;

import org.jspecify.annotations.NullMarked;
