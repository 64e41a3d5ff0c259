import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus;
import dev.procdesc.ProcessScope;
import dev.procdesc.Spawner;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/** Starts three programs, and waits for all of them in one event loop. */
public class Procdesc {
  public static void main(String[] args) throws Exception {
    String[] scripts = {"exit 3", "kill -TERM $$", "exit 0"};
    BlockingQueue<Runnable> loop = new LinkedBlockingQueue<>(); // The application's event loop.
    Map<Integer, ExitStatus> ends = new TreeMap<>();
    try (ProcessScope scope = ProcessScope.open()) {
      for (int i = 0; i < scripts.length; i++) {
        int number = i;
        ChildProcess child = scope.spawn(Spawner.of("/bin/sh", "-c", scripts[i]));
        child.onExit().thenAcceptAsync(status -> ends.put(number, status), loop::add);
      }
      while (ends.size() < scripts.length) {
        loop.take().run();
      }
    } // Closes the descriptors.
    String[] names = {"first", "second", "third"};
    ends.forEach((number, status) -> System.out.println(names[number] + ": " + text(status)));
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
