/** Sends and receives descriptors over UNIX domain sockets. */
@NullMarked
package dev.procdesc.posix.channel;

import org.jspecify.annotations.NullMarked;
