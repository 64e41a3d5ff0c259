import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus;
import dev.procdesc.Signal;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.Teardown;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/**
 * Ends a process and what it started: SIGTERM to its group, and after a while SIGKILL. Needs
 * {@code Feature.SIGNAL_GROUP}.
 */
public class Procdesc {
  public static void main(String[] args) throws Exception {
    // The shell ends by SIGTERM, its child ignores it; both have the standard output open as long
    // as they live.
    String script = "trap '' TERM; sleep 1000 & trap - TERM; echo ready; wait";
    Spawner spawner = Spawner.of("/bin/sh", "-c", script).newProcessGroup().stdout(Stdio.pipe());
    try (ChildProcess leader = spawner.spawn()) {
      leader.stdout().readNBytes("ready\n".length());
      CompletableFuture<Void> end =
          leader.onExit().thenAccept(status -> System.out.println("TERM: the leader has ended"));
      // The time starts with the signal, and is over earlier if the group has no member any more.
      ExitStatus status =
          leader.shutdown(Teardown.of(Signal.TERM, Duration.ofSeconds(1)).ofGroup());
      end.join();
      leader.stdout().readAllBytes(); // The end of the file: all members have ended.
      System.out.println("KILL: nobody is left");
      if (status instanceof ExitStatus.Signaled signaled) {
        System.out.println("leader: killed by signal " + signaled.signal().number());
      }
    }
  }
}
