/**
 * What a backend implements, found by {@link java.util.ServiceLoader}. Applications have no use for
 * this package.
 */
@NullMarked
package dev.procdesc.spi;

import org.jspecify.annotations.NullMarked;
