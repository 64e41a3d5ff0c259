package dev.procdesc.posix.spawn;

/**
 * The two ends of a pseudo-terminal that was just opened, close-on-exec.
 *
 * @param master the descriptor of this JVM's end
 * @param slave the descriptor of the terminal, for the child
 */
public record TerminalPair(int master, int slave) {}
