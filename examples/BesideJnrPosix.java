import dev.procdesc.ChildProcess;
import dev.procdesc.Signal;
import dev.procdesc.Spawner;
import java.util.List;
import jnr.posix.POSIX;
import jnr.posix.POSIXFactory;

/*
 * Starts one child by jnr-posix and another by procdesc. Neither disturbs the other's children.
 *
 * Run it with the conformance suite's JAR, which contains both libraries (on JDK 24 and newer add
 * --enable-native-access=ALL-UNNAMED):
 *
 *     kit=compat-tests/target/procdesc-compat-tests-0.1.0-SNAPSHOT.jar
 *     java -cp $kit examples/BesideJnrPosix.java
 *
 * It prints:
 *     procdesc: Signaled[signal=SIGTERM, coreDumped=false]
 *     procdesc: a signal after the end reaches a process: false
 *     jnr-posix: exit code 3
 */
public class BesideJnrPosix {
  public static void main(String[] arguments) throws Exception {
    POSIX posix = POSIXFactory.getNativePOSIX();

    // To jnr-posix a child is a number, which remains the child's until waitpid returns it.
    long pid = posix.posix_spawnp(
        "sh", List.of(), List.of("sh", "-c", "exit 3"), List.of("PATH=/bin:/usr/bin"));
    if (pid == -1) {
      throw new IllegalStateException("posix_spawnp failed");
    }

    // To procdesc a child is a descriptor, which never names another process.
    try (ChildProcess child = Spawner.of("sleep", "1000").spawn()) {
      child.signal(Signal.TERM);
      System.out.println("procdesc: " + child.waitFor());

      // posix.kill(child.pid(), signal) could now hit a new process with the same number.
      System.out.println(
          "procdesc: a signal after the end reaches a process: " + child.signal(Signal.TERM));
    }

    // Wait for your own children by their numbers. Before Linux 7.1 waitpid(-1, ...) can return
    // procdesc's too. Then procdesc reads the status from the descriptor, which Linux 6.15 and newer
    // allow; on older kernels it returns ExitStatus.Unknown.
    int[] status = new int[1];
    if (posix.waitpid(pid, status, 0) != pid) {
      throw new IllegalStateException("waitpid failed: errno " + posix.errno());
    }
    System.out.println("jnr-posix: exit code " + (status[0] >> 8));
  }
}
