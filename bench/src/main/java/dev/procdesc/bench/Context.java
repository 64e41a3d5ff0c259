package dev.procdesc.bench;

import dev.procdesc.SpawnException;
import java.io.IOException;
import java.util.Optional;

/**
 * The resources of a benchmark.
 *
 * @param options the command line
 * @param program the C program; empty if there is none
 * @param noProgram the reason why there is no C program; not used if there is one
 */
record Context(Options options, Optional<NativeProgram> program, Missing noProgram) {
  private static final Missing NO_COMPILER = Missing.notRun("no C compiler");

  /** Compiles the C program. */
  static Context create(Options options) throws InterruptedException {
    try {
      return new Context(options, Optional.of(NativeProgram.compile()), NO_COMPILER);
    } catch (IOException e) {
      boolean absent =
          e instanceof SpawnException spawn && spawn.step() == SpawnException.Step.EXECUTE;
      return new Context(options, Optional.empty(), absent ? NO_COMPILER : Missing.failed(e));
    }
  }
}
