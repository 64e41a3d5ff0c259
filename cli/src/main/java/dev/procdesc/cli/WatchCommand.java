package dev.procdesc.cli;

import dev.procdesc.ExitStatus;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.ProcessDescriptorException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.UsageMessageSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.TypeConversionException;

/** The command {@code pd watch}. */
final class WatchCommand implements Callable<Integer> {
  private static final String[] DESCRIPTION = {
    "",
    "Opens a descriptor of each process and prints a line; from then on the descriptor refers to that"
        + " process, even if another one gets its ID. Prints another line with the exit status when the"
        + " process has ended. The status is exact where the kernel reports it to other processes than"
        + " the parent (Linux 6.15), once the parent has reaped the process. Ending pd watch does not"
        + " affect the processes.",
    "",
    "A process that is given with its inode number, as PID:INODE, is the one that has both numbers,"
        + " or none: the command fails for it if another process has the ID by now. The same form is"
        + " printed by --identity, and used by programs of util-linux 2.42.",
    ""
  };

  private static final String[] EXIT_CODES = {
    "  0:all processes have ended",
    "  1:a process could not be opened; the others were watched",
    " 64:a usage error",
    "125:pd failed"
  };

  private final Options options = Options.of("watch", this);

  private final Options.Flag identity = ProcessName.option(options, "");

  private final Options.Words names = options.words(ProcessName.LABEL);

  private WatchCommand() {}

  static CommandSpec spec() {
    WatchCommand watch = new WatchCommand();
    watch.options.help();
    CommandSpec spec = watch.options.command();
    spec.usageMessage()
        .header("Reports when and how processes end, regardless of their parent.")
        .customSynopsis("pd watch [--identity] PID[:INODE]...")
        .description(DESCRIPTION)
        .exitCodeListHeading("%nExit status:%n")
        .exitCodeList(UsageMessageSpec.keyValuesMap(EXIT_CODES))
        .footerHeading("%nExamples:%n")
        .footer("  pd watch 1234 5678", "  pd watch $(pgrep make)", "  pd watch 1234:5271662");
    return spec;
  }

  private Set<ProcessName> wanted() {
    Set<ProcessName> wanted = new LinkedHashSet<>();
    for (String word : names.get()) {
      try {
        wanted.add(ProcessName.of(word));
      } catch (TypeConversionException e) {
        throw new ParameterException(
            options.command().commandLine(), String.valueOf(e.getMessage()), e);
      }
    }
    return wanted;
  }

  @Override
  public Integer call() throws IOException {
    ProcessName.check(identity);
    List<ProcessDescriptor> opened = new ArrayList<>();
    Ends ends = new Ends();
    int code = ExitCodes.OK;
    try {
      for (ProcessName wanted : wanted()) {
        try {
          ProcessDescriptor process = wanted.open();
          opened.add(process);
          String name = identity.isGiven() ? ProcessName.of(process, true) : wanted.toString();
          say(name, "watched");
          ends.report(name, process);
        } catch (ProcessDescriptorException e) {
          Failure.tell(e);
          code = ExitCodes.UNHEALTHY;
        }
      }
      ends.await();
      return code;
    } finally {
      opened.forEach(ProcessDescriptor::close);
    }
  }

  /** Prints one line. */
  static void say(String name, String what) throws Output.Failed {
    Output.stdout().println(name + " " + what);
  }

  /** The ends of processes, each of which is printed when it happens. */
  static final class Ends {
    private final List<CompletableFuture<Void>> all = new ArrayList<>();
    private final CompletableFuture<Void> failed = new CompletableFuture<>();

    /** Prints the exit status of a process when it has ended. */
    void report(String name, ProcessDescriptor process) {
      all.add(process.onExit().thenAccept(status -> {
        try {
          say(name, words(status));
        } catch (Output.Failed e) {
          failed.completeExceptionally(e);
        }
      }));
    }

    /** Waits for all ends; throws at once if one cannot be printed. */
    void await() throws IOException {
      CompletableFuture<Void> ended =
          CompletableFuture.allOf(all.toArray(CompletableFuture[]::new));
      try {
        CompletableFuture.anyOf(ended, failed).join();
        // Both are done if the last line could not be printed.
        if (failed.isDone()) {
          failed.join();
        }
      } catch (CompletionException e) {
        if (e.getCause() instanceof Output.Failed cause) {
          throw cause;
        }
        throw e;
      }
    }
  }

  /** Returns a description of an exit status. */
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
