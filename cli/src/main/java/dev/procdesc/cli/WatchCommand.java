package dev.procdesc.cli;

import dev.procdesc.ExitStatus;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.ProcessDescriptorException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.UsageMessageSpec;
import picocli.CommandLine.ParameterException;

/** {@code pd watch}. */
final class WatchCommand implements Callable<Integer> {
  private static final String[] DESCRIPTION = {
    "",
    "Each process is opened by a descriptor first; a line tells so, and from then on it is that"
        + " process, whoever gets its ID later. Another line tells how it ended, when it has: the exact"
        + " status where the kernel tells it to others than the parent (Linux 6.15), once the parent"
        + " has reaped it. To end pd watch ends nobody.",
    ""
  };

  private static final String[] EXIT_CODES = {
    "  0:all of them have ended",
    "  1:one could not be opened; the others were watched all the same",
    " 64:a mistake in the options of pd",
    "125:pd failed"
  };

  private final Options options = Options.of("watch", this);

  private final Options.Words pids = options.words("PID");

  private WatchCommand() {}

  static CommandSpec spec() {
    WatchCommand watch = new WatchCommand();
    watch.options.help();
    CommandSpec spec = watch.options.command();
    spec.usageMessage()
        .header("Tells when processes end, and how, whoever started them.")
        .customSynopsis("pd watch PID...")
        .description(DESCRIPTION)
        .exitCodeListHeading("%nExit status:%n")
        .exitCodeList(UsageMessageSpec.keyValuesMap(EXIT_CODES))
        .footerHeading("%nExamples:%n")
        .footer("  pd watch 1234 5678", "  pd watch $(pgrep make)");
    return spec;
  }

  private Set<Long> wanted() {
    Set<Long> wanted = new LinkedHashSet<>();
    for (String word : pids.get()) {
      try {
        long pid = Long.parseLong(word);
        if (pid > 0) {
          wanted.add(pid);
          continue;
        }
      } catch (NumberFormatException e) {
        // Told below, as a number that is none.
      }
      throw new ParameterException(
          options.command().commandLine(), "'" + word + "' is no process ID");
    }
    return wanted;
  }

  @Override
  public Integer call() {
    List<ProcessDescriptor> opened = new ArrayList<>();
    List<CompletableFuture<Void>> ends = new ArrayList<>();
    int code = ExitCodes.OK;
    try {
      for (long pid : wanted()) {
        try {
          ProcessDescriptor process = ProcessDescriptor.open(pid);
          opened.add(process);
          say("" + pid, "watched");
          ends.add(process.onExit().thenAccept(status -> say("" + pid, words(status))));
        } catch (ProcessDescriptorException e) {
          Failure.tell(e);
          code = ExitCodes.UNHEALTHY;
        }
      }
      ends.forEach(CompletableFuture::join);
      return code;
    } finally {
      opened.forEach(ProcessDescriptor::close);
    }
  }

  /** One line, at once. */
  static void say(String name, String what) {
    synchronized (System.out) {
      System.out.println(name + " " + what);
      System.out.flush();
    }
  }

  /** How a process has ended. */
  static String words(ExitStatus status) {
    if (status instanceof ExitStatus.Exited exited) {
      return "exited with " + exited.code();
    }
    if (status instanceof ExitStatus.Signaled signaled) {
      return "ended by " + signaled.signal() + (signaled.coreDumped() ? ", core dumped" : "");
    }
    return "ended; " + ((ExitStatus.Unknown) status).reason();
  }
}
