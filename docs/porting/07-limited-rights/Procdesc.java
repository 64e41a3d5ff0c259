import dev.procdesc.ChildProcess;
import dev.procdesc.DescriptorChannel;
import dev.procdesc.ExitStatus;
import dev.procdesc.MissingRightException;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.Right;
import dev.procdesc.Spawner;
import dev.procdesc.UnsupportedFeatureException;

/** Gives an observer a descriptor that can watch a process and not signal it. */
public class Procdesc {
  public static void main(String[] args) throws Exception {
    try (ChildProcess child = Spawner.of("sleep", "1000").spawn()) {
      try (ProcessDescriptor limited = child.restrict(Right.EVENT, Right.WAIT, Right.SEND)) {
        send(limited);
        observe(limited, child);
      }
      if (child.waitFor() instanceof ExitStatus.Signaled signaled) {
        System.out.println("owner: killed by signal " + signaled.signal().number());
      }
    }
  }

  private static void observe(ProcessDescriptor limited, ChildProcess child) throws Exception {
    try {
      limited.kill();
    } catch (MissingRightException e) {
      System.out.println("observer: it may not signal");
    }
    child.kill(); // What the owner does.
    limited.waitFor();
    System.out.println("observer: it sees the end");
  }

  /**
   * Sends the descriptor to another process, which only works where the kernel limits its rights.
   */
  private static void send(ProcessDescriptor limited) throws Exception {
    try (DescriptorChannel.Pair pair = DescriptorChannel.pair()) {
      pair.first().send(new byte[] {0}, limited);
    } catch (UnsupportedFeatureException e) {
      System.err.println(e.feature() + ": " + e.getMessage());
    }
  }
}
