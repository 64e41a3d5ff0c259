package dev.procdesc.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.procdesc.AccessMode;
import dev.procdesc.Attachment;
import dev.procdesc.ChannelOptions;
import dev.procdesc.ChildProcess;
import dev.procdesc.DescriptorChannel;
import dev.procdesc.DescriptorType;
import dev.procdesc.ExitStatus;
import dev.procdesc.Framing;
import dev.procdesc.SentDescriptor;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.testing.Timeouts;
import dev.procdesc.testing.Tool;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Runs the programs of docs/CHANNEL-PEERS.md at the other end of a channel. */
class ChannelPeersTest {
  private static String program(String language) throws IOException {
    Matcher block = Pattern.compile("(?s)```" + language + "\n(.*?)```")
        .matcher(Files.readString(Path.of("..", "docs", "CHANNEL-PEERS.md")));
    assertTrue(block.find(), () -> "the page has a program in " + language);
    return block.group(1);
  }

  private static Path source(Path directory) throws Exception {
    assumeTrue(Tool.run(List.of("cc", "--version")).isPresent(), "no C compiler");
    return Files.writeString(directory.resolve("peer.c"), program("c"));
  }

  @ParameterizedTest
  @EnumSource(
      value = Framing.class,
      names = {"RECORDS", "LENGTH_PREFIX"})
  void inC(Framing framing, @TempDir Path directory) throws Exception {
    String file = source(directory).toString();
    String peer = directory.resolve("peer").toString();
    var compiled = Tool.run(List.of("cc", "-Wall", "-Wextra", "-Werror", "-o", peer, file));
    assertTrue(compiled.isPresent(), "the program compiles without a warning");
    exchange(framing, Spawner.of(peer), directory);
  }

  /** Linux declares all that the program uses on FreeBSD, so that part compiles here as well. */
  @Test
  void theFreeBsdPartCompiles(@TempDir Path directory) throws Exception {
    String program = Files.readString(source(directory));
    String condition = "#ifdef __FreeBSD__";
    assertTrue(program.contains(condition), "the program has a part for FreeBSD");
    Path file = directory.resolve("freebsd.c");
    Files.writeString(file, program.replace(condition, "#if 1"));
    var compiled =
        Tool.run(List.of("cc", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", file.toString()));
    assertTrue(compiled.isPresent(), "the program compiles without a warning");
  }

  @ParameterizedTest
  @EnumSource(
      value = Framing.class,
      names = {"RECORDS", "LENGTH_PREFIX"})
  void inPython(Framing framing, @TempDir Path directory) throws Exception {
    assumeTrue(
        Tool.run(List.of("python3", "-c", "import socket; socket.recv_fds")).isPresent(),
        "no Python 3.9");
    Path peer = Files.writeString(directory.resolve("peer.py"), program("python"));
    exchange(framing, Spawner.of("python3", peer.toString()), directory);
  }

  /** Sends a process that the last close kills, and a file; both must come back. */
  private static void exchange(Framing framing, Spawner program, Path directory) throws Exception {
    Path path = Files.writeString(directory.resolve("file"), "content");
    ChannelOptions options = ChannelOptions.defaults().framing(framing).attachments(true);
    try (DescriptorChannel.Pair pair = DescriptorChannel.pair(options);
        ChildProcess peer = program
            .stdin(Stdio.nullDevice())
            .stdout(Stdio.pipe())
            .descriptor(3, Stdio.descriptor(pair.second().fd()))
            .spawn();
        Attachment file = Attachment.open(path, AccessMode.READ)) {
      pair.second().close();
      try (ChildProcess child = Spawner.of("sleep", "1000").spawn()) {
        pair.first().send(bytes("hello"), List.of(SentDescriptor.of(file)), child);
      }
      String line = new String(peer.stdout().readAllBytes(), StandardCharsets.UTF_8);
      // The lifeline is there unless the kernel kills.
      assertTrue(line.matches("hello with [23] descriptors\n"), line);
      assertEquals(new ExitStatus.Exited(0), peer.waitFor(Timeouts.CEILING).orElseThrow());
      try (DescriptorChannel.Message message =
          pair.first().receive(Timeouts.CEILING).orElseThrow()) {
        assertEquals("hello", new String(message.payload(), StandardCharsets.UTF_8));
        assertEquals(
            new DescriptorType.RegularFile(AccessMode.READ),
            message.attachments().get(0).type());
        assertEquals(1, message.attachments().size());
        assertTrue(message.descriptors().get(0).isAlive(), "it was held all the time");
      }
    }
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
