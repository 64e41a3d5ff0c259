package dev.procdesc.compat.control;

import dev.procdesc.compat.contract.ProcessContract;
import java.io.File;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;

/** Runs the contract on the JDK's own {@code java.lang.Process}. */
final class ProcessControlTest extends ProcessContract {
  ProcessControlTest() {
    super(ProcessControlTest::start);
  }

  private static Process start(boolean pipes, String script) throws IOException {
    ProcessBuilder builder = new ProcessBuilder("/bin/sh", "-c", script);
    if (!pipes) {
      File none = new File("/dev/null");
      builder.redirectInput(none).redirectOutput(none).redirectError(Redirect.to(none));
    }
    return builder.start();
  }
}
