package dev.procdesc.bench;

import java.util.Optional;

/**
 * What a benchmark has at hand.
 *
 * @param options the command line
 * @param program the C program, if there is a C compiler
 */
record Context(Options options, Optional<NativeProgram> program) {
  static final String NO_COMPILER = "no C compiler";
}
