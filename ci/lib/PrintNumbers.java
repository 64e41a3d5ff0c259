package dev.procdesc.linux;

/** Prints the library's numbers for an architecture, a name and a value on each line. */
final class PrintNumbers {
  private PrintNumbers() {}

  public static void main(String[] arguments) {
    OnMachine.numbers(arguments[0]).forEach((name, value) -> System.out.println(name + " " + value));
  }
}
