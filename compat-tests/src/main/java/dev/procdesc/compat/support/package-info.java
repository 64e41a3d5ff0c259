/**
 * Tools of the tests: processes, descriptors, system calls and waits that are not the library's.
 */
@NullMarked
package dev.procdesc.compat.support;

import org.jspecify.annotations.NullMarked;
