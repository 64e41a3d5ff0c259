package dev.procdesc.linux;

/** Prints the library's numbers for an architecture: one name and value per line. */
final class PrintNumbers {
  private PrintNumbers() {}

  /**
   * Prints the numbers; {@code ci/header-truth} runs this.
   *
   * @param arguments the architecture, as Linux names it
   */
  public static void main(String[] arguments) {
    OnMachine.numbers(arguments[0])
        .forEach((name, value) -> System.out.println(name + " " + value));
  }
}
