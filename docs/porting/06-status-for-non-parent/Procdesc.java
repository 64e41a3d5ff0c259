import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus;
import dev.procdesc.InheritedDescriptors;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import java.util.ArrayList;
import java.util.List;

/** Reports the status of a process to its parent and to another holder. */
public class Procdesc {
  public static void main(String[] args) throws Exception {
    if (args.length == 1) {
      observe();
      return;
    }
    Spawner shell = Spawner.of("/bin/sh", "-c", "read line; exit 7").stdin(Stdio.pipe());
    try (ChildProcess child = shell.spawn();
        ChildProcess observer = Spawner.of(again("observe"))
            .passDescriptor("child", Stdio.process(child))
            .spawn()) {
      child.stdin().close(); // The end of the input, at which the child ends.
      ExitStatus status = child.waitFor();
      if (!observer.waitFor().isSuccess()) {
        throw new IllegalStateException("the observer failed");
      }
      System.out.println("parent: " + text(status));
    }
  }

  private static void observe() throws Exception {
    // Without Feature.STATUS_FOR_ANY_HOLDER the status is ExitStatus.Unknown.
    try (ProcessDescriptor child = InheritedDescriptors.take().process("child").orElseThrow()) {
      System.out.println("observer: " + text(child.waitFor()));
    }
  }

  private static String text(ExitStatus status) {
    if (status instanceof ExitStatus.Exited exited) {
      return "exited " + exited.code();
    }
    return status instanceof ExitStatus.Signaled signaled
        ? "killed by signal " + signaled.signal().number()
        : status.toString();
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
