/**
 * Channels for the selectors of <a href="https://github.com/jnr/jnr-enxio">jnr-enxio</a>, which one
 * obtains by {@link jnr.enxio.channels.NativeSelectorProvider#getInstance()} and
 * {@code openSelector()}. They work with the selector of Linux ({@code poll}) and with that of
 * FreeBSD ({@code kqueue}), which reports each change once: so read until nothing is left.
 *
 * <p>As with every selector of jnr-enxio, close a channel in the thread that selects: it uses the
 * number of the descriptor until the next selection.
 */
@NullMarked
package dev.procdesc.enxio;

import org.jspecify.annotations.NullMarked;
