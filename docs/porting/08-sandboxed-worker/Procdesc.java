import dev.procdesc.ChildProcess;
import dev.procdesc.DescriptorOnly;
import dev.procdesc.ExitStatus;
import dev.procdesc.Platform;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Starts a worker that can use what it has open, and nothing else. */
public class Procdesc {
  public static void main(String[] args) throws Exception {
    if (args.length == 1) {
      work();
      return;
    }
    Spawner spawner = Spawner.of(again("work")).stdin(Stdio.pipe()).stdout(Stdio.pipe());
    try (ChildProcess worker = spawner.spawn()) {
      worker.stdin().write("hello\n".getBytes(StandardCharsets.UTF_8));
      worker.stdin().close();
      worker.stdout().transferTo(System.out);
      if (worker.waitFor() instanceof ExitStatus.Exited exited) {
        System.out.println("owner: exited " + exited.code());
      }
    }
  }

  /** Reads a line, and writes it in capital letters. */
  private static void work() throws Exception {
    BufferedReader input =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    // For all threads, and without return. FreeBSD refuses both kinds in any case.
    Platform.current().enterDescriptorOnlyMode(DescriptorOnly.FILES, DescriptorOnly.PROGRAMS);
    try {
      Files.newInputStream(Path.of("/etc/passwd")).close();
      throw new IllegalStateException("it can open a file");
    } catch (IOException e) {
      System.out.println("worker: opening a file is refused");
    }
    System.out.println("worker: " + input.readLine().toUpperCase(Locale.ROOT));
  }

  /**
   * Returns the command that started this JVM, with another argument, for a JVM that leaves no
   * file.
   */
  private static List<String> again(String argument) {
    ProcessHandle.Info self = ProcessHandle.current().info();
    List<String> command = new ArrayList<>(List.of(self.command().orElseThrow()));
    // In the mode it could not remove its file in the temporary directory.
    command.add("-XX:-UsePerfData");
    command.addAll(List.of(self.arguments().orElseThrow()));
    command.add(argument);
    return command;
  }
}
