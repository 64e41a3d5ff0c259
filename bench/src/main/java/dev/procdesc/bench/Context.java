package dev.procdesc.bench;

import java.util.Optional;

/**
 * The resources of a benchmark.
 *
 * @param options the command line
 * @param program the C program, if there is a C compiler
 */
record Context(Options options, Optional<NativeProgram> program) {
  static final String NO_COMPILER = "no C compiler";
}
