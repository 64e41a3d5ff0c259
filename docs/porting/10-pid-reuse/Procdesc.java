import dev.procdesc.ChildProcess;
import dev.procdesc.Feature;
import dev.procdesc.Platform;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.ProcessIdentity;
import dev.procdesc.Spawner;

/** Notes a process, and tells it later from another one with the same number. */
public class Procdesc {
  private static final int NO_SUCH_PROCESS = 3; // ESRCH, on every system.

  public static void main(String[] args) throws Exception {
    if (!Platform.current().has(Feature.UNIQUE_IDENTITY)) {
      System.err.println("UNIQUE_IDENTITY: "
          + Platform.current().report(Feature.UNIQUE_IDENTITY).lacks());
      return;
    }
    String noted; // PID:INODE, for a file.
    try (ChildProcess first = Spawner.of("sleep", "1000").spawn()) {
      noted = first.identity().toString();
      System.out.println("while it runs: " + find(noted));
    }
    System.out.println("after its end: " + find(noted));
    try (ChildProcess second = Spawner.of("sleep", "1000").spawn()) {
      // As if this process had got its number.
      ProcessIdentity reused =
          new ProcessIdentity(second.pid(), ProcessIdentity.parse(noted).inode());
      System.out.println("when another process has its number: " + find(reused.toString()));
    }
  }

  private static String find(String noted) throws Exception {
    try (ProcessDescriptor found = ProcessDescriptor.open(ProcessIdentity.parse(noted))) {
      return found.isAlive() ? "found" : "gone";
    } catch (ProcessDescriptorException e) {
      if (e.errno() != NO_SUCH_PROCESS) {
        throw e;
      }
      return "gone"; // Also if another process has its number.
    }
  }
}
