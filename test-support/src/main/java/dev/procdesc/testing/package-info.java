/**
 * Support of the tests of all modules: waits with ceilings, JVMs for test programs, and the tools
 * of the machine. It depends on no other module.
 */
@NullMarked
package dev.procdesc.testing;

import org.jspecify.annotations.NullMarked;
