package dev.procdesc.spi;

import dev.procdesc.Spawner;
import dev.procdesc.Stdio;

/**
 * A descriptor that a child gets under a name; see {@link Spawner#passDescriptor}.
 *
 * @param name the name, valid
 * @param source the descriptor
 */
public record PassedDescriptor(String name, Stdio source) {}
