/**
 * The service interface that a backend implements, found by {@link java.util.ServiceLoader}.
 * Applications do not use this package.
 */
@NullMarked
package dev.procdesc.spi;

import org.jspecify.annotations.NullMarked;
