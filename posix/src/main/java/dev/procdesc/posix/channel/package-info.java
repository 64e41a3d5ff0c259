/** Sends and receives descriptors over UNIX sockets. */
@NullMarked
package dev.procdesc.posix.channel;

import org.jspecify.annotations.NullMarked;
