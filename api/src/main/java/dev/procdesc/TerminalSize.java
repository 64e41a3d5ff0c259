package dev.procdesc;

/**
 * The size of a terminal in characters. The kernel stores it for the programs on the terminal, and
 * does not use it itself; 0 means that it is not known.
 *
 * @param columns the characters of a line, 0 to 65535
 * @param rows the lines, 0 to 65535
 */
public record TerminalSize(int columns, int rows) {
  private static final int MAX = 0xFFFF;

  /**
   * Checks the numbers.
   *
   * @param columns see {@link #columns()}
   * @param rows see {@link #rows()}
   * @throws IllegalArgumentException if a number is out of range
   */
  public TerminalSize {
    if (columns < 0 || columns > MAX || rows < 0 || rows > MAX) {
      throw new IllegalArgumentException(
          "columns and rows must be 0 to " + MAX + ", not " + columns + " and " + rows);
    }
  }
}
