package dev.procdesc.cli;

import dev.procdesc.DescriptorChannel;
import dev.procdesc.ProcessDescriptor;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.UsageMessageSpec;
import picocli.CommandLine.ParameterException;

/** {@code pd receive}. */
final class ReceiveCommand implements Callable<Integer> {
  private static final String[] DESCRIPTION = {
    "",
    "Makes SOCKET, which must not exist, waits for one message, such as pd send's, and removes"
        + " SOCKET. A line tells of each process that was received, and another how it ended. The"
        + " status is exact where the kernel tells it to others than the parent (Linux 6.15).",
    "",
    "To end pd receive is to close the descriptors: what was started by pd send is killed then, if"
        + " nobody else holds it.",
    ""
  };

  private static final String[] EXIT_CODES = {
    "  0:all processes that were received have ended",
    "  1:the sender went without sending one",
    " 64:a mistake in the options of pd",
    "125:pd failed"
  };

  private final Options options = Options.of("receive", this);

  private final Options.Flag kill =
      options.flag("Kills what was received, instead of waiting for its end.", "--kill");

  private final Options.Words socket = options.words("SOCKET");

  private ReceiveCommand() {}

  static CommandSpec spec() {
    ReceiveCommand receive = new ReceiveCommand();
    receive.options.help();
    CommandSpec spec = receive.options.command();
    spec.usageMessage()
        .header("Receives processes over a UNIX socket, and tells how they end.")
        .customSynopsis("pd receive [--kill] SOCKET")
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
      throw new ParameterException(options.command().commandLine(), "give one SOCKET");
    }
    Optional<DescriptorChannel.Message> received = receive(Path.of(words.get(0)));
    if (received.isEmpty()) {
      return ExitCodes.UNHEALTHY;
    }
    try (DescriptorChannel.Message message = received.get()) {
      String text = new String(message.payload(), StandardCharsets.UTF_8);
      List<CompletableFuture<Void>> ends = new ArrayList<>();
      for (ProcessDescriptor process : message.descriptors()) {
        String name = name(process);
        WatchCommand.say(name, "received" + (text.isEmpty() ? "" : ": " + text));
        ends.add(process
            .onExit()
            .thenAccept(status -> WatchCommand.say(name, WatchCommand.words(status))));
        if (kill.isGiven()) {
          process.kill();
        }
      }
      ends.forEach(CompletableFuture::join);
      return ends.isEmpty() ? ExitCodes.UNHEALTHY : ExitCodes.OK;
    }
  }

  /** The socket is there for one sender; the close of the listener removes it. */
  private static Optional<DescriptorChannel.Message> receive(Path path) throws IOException {
    AtomicBoolean listening = new AtomicBoolean();
    // A signal that ends this process closes no listener.
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
        Failure.tell("the sender went without sending anything");
        return Optional.empty();
      }
    } finally {
      listening.set(false);
    }
  }

  private static String name(ProcessDescriptor process) {
    try {
      return Long.toString(process.pid());
    } catch (IllegalStateException e) {
      return "?"; // It was reaped before it came.
    }
  }
}
