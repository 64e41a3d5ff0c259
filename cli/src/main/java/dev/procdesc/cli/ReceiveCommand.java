package dev.procdesc.cli;

import dev.procdesc.DescriptorChannel;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.ProcessDescriptorException;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.UsageMessageSpec;
import picocli.CommandLine.ParameterException;

/** The command {@code pd receive}. */
final class ReceiveCommand implements Callable<Integer> {
  private static final String[] DESCRIPTION = {
    "",
    "Creates SOCKET, which must not exist, waits for one message, such as that of pd send, and"
        + " removes SOCKET. Prints a line for each process that it received, and another with the exit"
        + " status when the process has ended. The status is exact where the kernel reports it to other"
        + " processes than the parent (Linux 6.15). A process without an ID here is shown as ?, for"
        + " instance one in another PID namespace, which this command cannot kill.",
    "",
    "Ending pd receive closes the descriptors: a command that pd send started is then killed, unless"
        + " another process holds a descriptor of it.",
    ""
  };

  private static final String[] EXIT_CODES = {
    "  0:all received processes have ended",
    "  1:the sender closed the connection without sending a process",
    " 64:a usage error",
    "125:pd failed"
  };

  private final Options options = Options.of("receive", this);

  private final Options.Flag kill =
      options.flag("Kills the received processes instead of waiting for them to end.", "--kill");

  private final Options.Flag identity = ProcessName.option(options, "");

  private final Options.Words socket = options.words("SOCKET");

  private ReceiveCommand() {}

  static CommandSpec spec() {
    ReceiveCommand receive = new ReceiveCommand();
    receive.options.help();
    CommandSpec spec = receive.options.command();
    spec.usageMessage()
        .header("Receives processes over a UNIX socket, and reports how they end.")
        .customSynopsis("pd receive [--kill] [--identity] SOCKET")
        .description(DESCRIPTION)
        .exitCodeListHeading("%nExit status:%n")
        .exitCodeList(UsageMessageSpec.keyValuesMap(EXIT_CODES))
        .footerHeading("%nExamples:%n")
        .footer("  pd receive /tmp/pd.sock", "  pd receive --kill /tmp/pd.sock");
    return spec;
  }

  @Override
  public Integer call() throws IOException {
    List<String> words = socket.get();
    if (words.size() != 1) {
      throw new ParameterException(
          options.command().commandLine(), "exactly one SOCKET is required");
    }
    ProcessName.check(identity);
    Optional<DescriptorChannel.Message> received = receive(Path.of(words.get(0)));
    if (received.isEmpty()) {
      return ExitCodes.UNHEALTHY;
    }
    try (DescriptorChannel.Message message = received.get()) {
      String text = new String(message.payload(), StandardCharsets.UTF_8);
      Map<ProcessDescriptor, String> names = new LinkedHashMap<>();
      for (ProcessDescriptor process : message.descriptors()) {
        names.put(process, name(process));
        if (kill.isGiven()) {
          process.kill(); // Before the output, which can fail.
        }
      }
      WatchCommand.Ends ends = new WatchCommand.Ends();
      for (Map.Entry<ProcessDescriptor, String> named : names.entrySet()) {
        WatchCommand.say(
            named.getValue(),
            "received" + (text.isEmpty() ? "" : ": " + text) + remark(named.getKey()));
        ends.report(named.getValue(), named.getKey());
      }
      ends.await();
      return message.descriptors().isEmpty() ? ExitCodes.UNHEALTHY : ExitCodes.OK;
    }
  }

  /** Receives a message from one sender; the close of the listener removes the socket. */
  private static Optional<DescriptorChannel.Message> receive(Path path) throws IOException {
    AtomicBoolean listening = new AtomicBoolean();
    // A signal that ends this process does not close the listener.
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      if (listening.get()) {
        path.toFile().delete();
      }
    }));
    try (DescriptorChannel.Listener listener = DescriptorChannel.listen(path)) {
      listening.set(true);
      WatchCommand.say(path.toString(), "listens");
      try (DescriptorChannel channel = listener.accept()) {
        return Optional.of(channel.receive());
      } catch (EOFException e) {
        Failure.tell("the sender closed the connection without sending a message");
        return Optional.empty();
      }
    } finally {
      listening.set(false);
    }
  }

  private String name(ProcessDescriptor process) throws ProcessDescriptorException {
    try {
      return ProcessName.of(process, identity.isGiven());
    } catch (IllegalStateException e) {
      return "?"; // The remark has the reason.
    }
  }

  /** Returns the reason why a process has no ID here, in parentheses; empty if it has one. */
  private static String remark(ProcessDescriptor process) {
    try {
      process.pid();
      return "";
    } catch (IllegalStateException e) {
      return " (" + e.getMessage() + ")";
    }
  }
}
