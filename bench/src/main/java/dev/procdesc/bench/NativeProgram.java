package dev.procdesc.bench;

import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus;
import dev.procdesc.SpawnException;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The C program with which the library is compared, compiled at run time.
 *
 * @param path the executable file, deleted when the JVM exits
 */
record NativeProgram(Path path) {
  private static final String SOURCE = "/peer.c";

  /**
   * Compiles the program.
   *
   * @throws SpawnException if there is no C compiler, with the step {@code EXECUTE}
   * @throws IOException if the program cannot be compiled
   */
  static NativeProgram compile() throws IOException, InterruptedException {
    // Deleted in reverse order at every exit except a kill.
    Path directory = Files.createTempDirectory("procdesc-bench");
    directory.toFile().deleteOnExit();
    Path source = directory.resolve("peer.c");
    source.toFile().deleteOnExit();
    Path program = directory.resolve("peer");
    program.toFile().deleteOnExit();
    try (InputStream text = NativeProgram.class.getResourceAsStream(SOURCE)) {
      if (text == null) {
        throw new IOException("the resource " + SOURCE + " is missing");
      }
      Files.copy(text, source);
    }
    Spawner compiler =
        Spawner.of("cc", "-O2", "-pthread", "-o", program.toString(), source.toString());
    try (ChildProcess child =
        compiler.stdin(Stdio.nullDevice()).stdout(Stdio.descriptor(2)).spawn()) {
      ExitStatus status = child.waitFor();
      if (!status.isSuccess()) {
        throw new IOException("cc: " + status);
      }
    }
    return new NativeProgram(program);
  }

  /** Returns a spawner of the program. */
  Spawner spawner(String... arguments) {
    List<String> command = new ArrayList<>(List.of(arguments));
    command.add(0, path.toString());
    return Spawner.of(command);
  }
}
