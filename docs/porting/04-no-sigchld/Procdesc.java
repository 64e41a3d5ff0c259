import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus;
import dev.procdesc.Spawner;
import java.util.Iterator;
import java.util.List;

/** Supervises a worker, whatever the host program does with SIGCHLD and waitpid. */
public class Procdesc {
  public static void main(String[] args) throws Exception {
    // The worker works in its third run.
    Iterator<String> runs = List.of("exit 1", "kill -KILL $$", "exit 0").iterator();
    ExitStatus status;
    int run = 0;
    do {
      try (ChildProcess worker = Spawner.of("/bin/sh", "-c", runs.next()).spawn()) {
        status = worker.waitFor();
      }
      run++;
      System.out.println("run " + run + ": " + text(status));
    } while (!status.isSuccess());
  }

  private static String text(ExitStatus status) {
    if (status instanceof ExitStatus.Exited exited) {
      return "exited " + exited.code();
    }
    return status instanceof ExitStatus.Signaled signaled
        ? "killed by signal " + signaled.signal().number()
        : status.toString();
  }
}
