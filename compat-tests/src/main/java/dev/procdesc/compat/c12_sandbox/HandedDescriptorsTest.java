package dev.procdesc.compat.c12_sandbox;

import static dev.procdesc.compat.support.Messages.bytes;
import static dev.procdesc.compat.support.Messages.receive;
import static dev.procdesc.compat.support.Messages.text;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.procdesc.AccessMode;
import dev.procdesc.Attachment;
import dev.procdesc.ChannelOptions;
import dev.procdesc.ChildProcess;
import dev.procdesc.DescriptorChannel;
import dev.procdesc.DescriptorChannel.Message;
import dev.procdesc.DescriptorOnly;
import dev.procdesc.DescriptorType;
import dev.procdesc.Feature;
import dev.procdesc.Framing;
import dev.procdesc.Platform;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.SentDescriptor;
import dev.procdesc.Signal;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.ChildJvm;
import dev.procdesc.compat.support.Descriptors;
import dev.procdesc.compat.support.Holder;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.OpenFiles;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Scenario;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.platform.commons.support.ReflectionSupport;

/** Tests a helper that is already in the descriptor-only mode when it is handed its work. */
@ExtendWith(LeakCheck.class)
@Tag(Tags.JVM)
final class HandedDescriptorsTest {
  private static ChannelOptions options(String framing) {
    return ChannelOptions.defaults().framing(Framing.valueOf(framing)).attachments(true);
  }

  @ParameterizedTest
  @EnumSource(
      value = Framing.class,
      names = {"RECORDS", "LENGTH_PREFIX"})
  @Contract({"C10", "C12"})
  void aHelperInTheModeIsHandedItsWork(Framing framing, @TempDir Path directory) throws Exception {
    Requires.feature(Feature.DESCRIPTOR_ONLY_MODE);
    Path path = Files.writeString(directory.resolve("file"), "of a file");
    int listening = OpenFiles.listeningSocket();
    int memory = OpenFiles.memoryFile("of memory");
    ChildJvm jvm =
        ChildJvm.of(Helper.class, framing.name(), path.toString()).flag("-XX:-UsePerfData");
    try (DescriptorChannel.Pair pair = DescriptorChannel.pair(options(framing.name()));
        Holder helper = Holder.jvm(jvm, pair.second(), -1, -1);
        ChildProcess child = Run.cat().spawn();
        Attachment file = Attachment.open(path, AccessMode.READ);
        Attachment below = Attachment.open(directory, AccessMode.READ)) {
      pair.second().close();
      assertEquals("in the mode", helper.answer());
      pair.first()
          .send(
              bytes("work"),
              List.of(
                  SentDescriptor.of(file),
                  SentDescriptor.of(below),
                  SentDescriptor.of(listening),
                  SentDescriptor.of(memory)),
              child);
      try (Message answer = receive(pair.first())) {
        assertEquals("work: of a file, a directory, a server, of memory", text(answer));
        assertEquals(2, answer.attachments().size(), "the file and the memory file come back");
      }
      assertEquals(Run.signaled(Signal.TERM), Run.end(child));
      helper.exit();
    } finally {
      Descriptors.close(listening);
      Descriptors.close(memory);
    }
  }

  /** Enters the mode, takes its work out of a message, and reports what it got. */
  public static final class Helper implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      // Loads all classes now, because the mode may refuse to open their files.
      ReflectionSupport.findAllClassesInPackage("dev.procdesc", each -> true, name -> true);
      DescriptorChannel channel = DescriptorChannel.of(Holder.CHANNEL, options(arguments[0]));
      Descriptors.isOpen(0); // Also loads the test's native functions.
      int unused = OpenFiles.memoryFile("loads native functions");
      Descriptors.close(unused);
      Platform.current().enterDescriptorOnlyMode(DescriptorOnly.FILES);
      assertThrows(
          ProcessDescriptorException.class,
          () -> Attachment.open(Path.of(arguments[1]), AccessMode.READ).close());
      System.out.println("in the mode");
      try (Message message = receive(channel)) {
        List<String> found = new ArrayList<>();
        List<SentDescriptor> back = new ArrayList<>();
        for (Attachment attachment : message.attachments()) {
          found.add(look(attachment));
          if (!(attachment.type() instanceof DescriptorType.Directory)
              && !(attachment.type() instanceof DescriptorType.Socket)) {
            back.add(SentDescriptor.of(attachment));
          }
        }
        message.descriptors().get(0).signal(Signal.TERM);
        channel.send(bytes(text(message) + ": " + String.join(", ", found)), back);
      }
      System.in.read(); // Until the test ends it.
    }

    private static String look(Attachment attachment) {
      DescriptorType type = attachment.type();
      if (type instanceof DescriptorType.Directory) {
        return "a directory";
      }
      if (type instanceof DescriptorType.Socket socket && socket.listening()) {
        return "a server";
      }
      return OpenFiles.read(attachment.fd());
    }
  }
}
