/**
 * Events of the JDK's Flight Recorder, of which no class is loaded before a recorder has started.
 */
@NullMarked
package dev.procdesc.posix.recording;

import org.jspecify.annotations.NullMarked;
