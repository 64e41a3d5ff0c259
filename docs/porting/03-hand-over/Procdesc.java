import dev.procdesc.ChildProcess;
import dev.procdesc.DescriptorChannel;
import dev.procdesc.ExitStatus;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.Signal;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import java.util.ArrayList;
import java.util.List;

/** Hands a process to another process, which then is its only holder. */
public class Procdesc {
  private static final int SOCKET = 3;

  public static void main(String[] args) throws Exception {
    if (args.length == 1) {
      receive();
      return;
    }
    try (DescriptorChannel.Pair pair = DescriptorChannel.pair();
        ChildProcess receiver = Spawner.of(again("receive"))
            .descriptor(SOCKET, Stdio.descriptor(pair.second().fd()))
            .spawn()) {
      pair.second().close();
      try (ChildProcess child = Spawner.of("sleep", "1000").spawn()) {
        pair.first().send(new byte[] {0}, child);
      } // The message holds the process until it is received.
      System.exit(receiver.waitFor().shellCode());
    }
  }

  private static void receive() throws Exception {
    try (DescriptorChannel channel = DescriptorChannel.of(SOCKET);
        ProcessDescriptor received = channel.receive().descriptors().get(0)) {
      if (received.isAlive()) {
        System.out.println("receiver: the process runs");
      }
      received.signal(Signal.TERM);
      // Every holder learns the status since Linux 6.15 (PIDFD_INFO_EXIT).
      ExitStatus status = received.waitFor();
      System.out.println("receiver: it has ended");
      if (status instanceof ExitStatus.Signaled signaled) {
        System.out.println("status: killed by signal " + signaled.signal().number());
      }
    }
  }

  /** Returns the command that started this JVM, with another argument. */
  private static List<String> again(String argument) {
    ProcessHandle.Info self = ProcessHandle.current().info();
    List<String> command = new ArrayList<>(List.of(self.command().orElseThrow()));
    command.addAll(List.of(self.arguments().orElseThrow()));
    command.add(argument);
    return command;
  }
}
