import dev.procdesc.ChildProcess;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** Opens a process of another parent, and watches it. Needs {@code Feature.OPEN_PROCESS}. */
public class Procdesc {
  public static void main(String[] args) throws Exception {
    // A shell, the other parent, writes the number of its child; that ends at the end of the input.
    Spawner shell = Spawner.of("/bin/sh", "-c", "exec 3<&0; cat <&3 & echo $!; wait");
    try (ChildProcess parent = shell.stdin(Stdio.pipe()).stdout(Stdio.pipe()).spawn();
        BufferedReader lines =
            new BufferedReader(new InputStreamReader(parent.stdout(), StandardCharsets.UTF_8))) {
      ProcessHandle handle = ProcessHandle.of(Long.parseLong(lines.readLine())).orElseThrow();
      // Compares the start time again once the process is open. FreeBSD before 16 refuses.
      try (ProcessDescriptor opened = ProcessDescriptor.open(handle)) {
        boolean expected =
            handle.parent().map(ProcessHandle::pid).equals(Optional.of(parent.pid()));
        // If it has ended, what was read need not be about it.
        if (!opened.isAlive() || !expected) {
          throw new IllegalStateException("it has ended, or is another process");
        }
        System.out.println("opened: the child of the shell");
        System.out.println("it runs");
        CompletableFuture<Void> end =
            opened.onExit().thenAccept(status -> System.out.println("it has ended"));
        parent.stdin().close();
        end.join();
      }
      parent.waitFor();
    }
  }
}
