/** What the tests are made with. */
@NullMarked
package dev.procdesc.compat.support;

import org.jspecify.annotations.NullMarked;
