package dev.procdesc.cli;

import dev.procdesc.DescriptorChannel;
import dev.procdesc.OnClose;
import dev.procdesc.ProcessDescriptor;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.UsageMessageSpec;
import picocli.CommandLine.ParameterException;

/** The command {@code pd send}. */
final class SendCommand implements Callable<Integer> {
  private static final String[] DESCRIPTION = {
    "",
    "Starts the command, or opens the processes of --pid, sends the descriptors to the process that"
        + " listens at SOCKET, such as pd receive, and exits.",
    "",
    "The command lives until the last holder of its descriptor has closed it: it outlives pd send, and"
        + " is killed when the receiver closes the descriptor or exits. It leads a new session;"
        + " standard input, output and error are the null device unless an option sets them. A process"
        + " of --pid is never killed in this way.",
    ""
  };

  private static final String[] EXIT_CODES = {
    "  0:the process was sent",
    " 64:a usage error",
    "125:pd could not send the process or print its ID; a command that was started is killed",
    "126:the command was found but cannot be executed",
    "127:the command was not found"
  };

  private final Options options = Options.of("send", this);

  private final Options.Values<ProcessName> names = options.values(
      ProcessName::of,
      ProcessName.LABEL,
      "Sends a running process instead of a command: the one with the ID, or, with an inode number,"
          + " the one that has both. Repeatable.",
      "--pid");

  private final Options.Flag identity = ProcessName.option(options, "");

  private final SpawnOptions spawnOptions = new SpawnOptions(options);

  private final Options.Words words = options.words("SOCKET");

  private SendCommand() {}

  static CommandSpec spec() {
    SendCommand send = new SendCommand();
    send.options.help();
    CommandSpec spec = send.options.command();
    spec.usageMessage()
        .header("Sends a process to another program over a UNIX socket.")
        .customSynopsis(
            "pd send [OPTION]... SOCKET COMMAND [ARGUMENT]...",
            "pd send --pid PID[:INODE]... SOCKET")
        .description(DESCRIPTION)
        .exitCodeListHeading("%nExit status:%n")
        .exitCodeList(UsageMessageSpec.keyValuesMap(EXIT_CODES))
        .footerHeading("%nExamples:%n")
        .footer(
            "  pd receive /tmp/pd.sock &",
            "  pd send /tmp/pd.sock sleep 1000",
            "  pd send --pid 1234 /tmp/pd.sock");
    return spec;
  }

  @Override
  public Integer call() {
    List<String> all = words.get();
    List<String> command = all.subList(1, all.size());
    if (command.isEmpty() == names.get().isEmpty()) {
      throw new ParameterException(
          options.command().commandLine(), "either a command or --pid is required");
    }
    ProcessName.check(identity);
    try (DescriptorChannel channel = DescriptorChannel.connect(Path.of(all.get(0)))) {
      if (command.isEmpty()) {
        sendOpened(channel);
      } else {
        sendStarted(channel, command);
      }
      return ExitCodes.OK;
    } catch (IOException e) {
      Failure.tell(e);
      return Failure.exitCode(e);
    }
  }

  private void sendStarted(DescriptorChannel channel, List<String> command) throws IOException {
    try (ProcessDescriptor child = spawnOptions
        .spawner(command, SpawnOptions::withNullDevice)
        .newSession()
        .onClose(OnClose.KILL)
        .spawn()) {
      String name = ProcessName.of(child, identity.isGiven());
      send(channel, String.join(" ", command), child);
      try {
        Output.stdout().println(name);
      } catch (Output.Failed e) {
        // The receiver holds the process too, so the close does not end it.
        child.kill();
        throw e;
      }
    }
  }

  private void sendOpened(DescriptorChannel channel) throws IOException {
    List<ProcessDescriptor> opened = new ArrayList<>();
    try {
      for (ProcessName name : names.get()) {
        opened.add(name.open());
      }
      send(channel, "", opened.toArray(new ProcessDescriptor[0]));
    } finally {
      opened.forEach(ProcessDescriptor::close);
    }
  }

  private static void send(DescriptorChannel channel, String text, ProcessDescriptor... processes)
      throws IOException {
    channel.send(text.getBytes(StandardCharsets.UTF_8), processes);
  }
}
