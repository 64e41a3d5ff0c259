import dev.procdesc.ChildProcess;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import java.util.ArrayList;
import java.util.List;

/** Kills a process by the last close of its descriptor. */
public class Procdesc {
  public static void main(String[] args) throws Exception {
    if (args.length == 1) {
      own();
      return;
    }
    ChildProcess first = Spawner.of("sleep", "1000").spawn();
    try (ProcessDescriptor second = first.duplicate()) {
      first.close();
      if (second.isAlive()) {
        System.out.println("one of two descriptors is closed: the process lives");
      }
    }
    first.waitFor(); // The status is known after the close that killed.
    System.out.println("the last one is closed: the process has ended");

    try (ChildProcess owner = Spawner.of(again("own")).stdout(Stdio.pipe()).spawn()) {
      if (owner.stdout().read() != 'r') {
        throw new IllegalStateException("the owner did not start");
      }
      owner.kill();
      owner.stdout().readAllBytes(); // The end of the file: the process has ended too.
      System.out.println("its owner is killed: the process has ended");
    }
  }

  /**
   * Owns a process, which has standard output open as long as it lives, until this JVM is killed.
   */
  private static void own() throws Exception {
    try (ChildProcess owned = Spawner.of("sleep", "1000").spawn()) {
      System.out.write('r');
      System.out.flush();
      owned.waitFor();
    }
  }

  /**
   * Returns the command that started this JVM, with another argument, for a JVM that leaves no
   * file.
   */
  private static List<String> again(String argument) {
    ProcessHandle.Info self = ProcessHandle.current().info();
    List<String> command = new ArrayList<>(List.of(self.command().orElseThrow()));
    // A JVM that is killed cannot remove its file in the temporary directory.
    command.add("-XX:-UsePerfData");
    command.addAll(List.of(self.arguments().orElseThrow()));
    command.add(argument);
    return command;
  }
}
