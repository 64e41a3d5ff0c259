package dev.procdesc.cli;

import picocli.CommandLine.TypeConversionException;

/** Parses process IDs. */
final class ProcessIds {
  private ProcessIds() {}

  static Long of(String text) {
    if (!text.matches("[0-9]{1,18}") || Long.parseLong(text) == 0) {
      throw new TypeConversionException("'" + text + "' is not a process ID");
    }
    return Long.valueOf(text);
  }
}
