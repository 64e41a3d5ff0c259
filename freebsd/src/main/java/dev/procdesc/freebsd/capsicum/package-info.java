/**
 * Implements capability mode, descriptor rights, and the run-time linker that programs need there.
 */
@NullMarked
package dev.procdesc.freebsd.capsicum;

import org.jspecify.annotations.NullMarked;
