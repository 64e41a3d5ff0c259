package dev.procdesc.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.AccessMode;
import dev.procdesc.Attachment;
import dev.procdesc.ChannelOptions;
import dev.procdesc.ChildProcess;
import dev.procdesc.DescriptorChannel;
import dev.procdesc.DescriptorType;
import dev.procdesc.Framing;
import dev.procdesc.SentDescriptor;
import dev.procdesc.Signal;
import dev.procdesc.Spawner;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.testing.Timeouts;
import java.io.DataInputStream;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.newsclub.net.unix.AFUNIXSocket;
import org.newsclub.net.unix.AFUNIXSocketAddress;
import org.newsclub.net.unix.FileDescriptorCast;

/** Exchanges descriptors with junixsocket, over a stream. */
class JunixsocketTest {
  private static final ChannelOptions OPTIONS =
      ChannelOptions.defaults().framing(Framing.LENGTH_PREFIX).attachments(true);

  private static int number(FileDescriptor descriptor) throws Exception {
    return FileDescriptorCast.using(descriptor).as(Integer.class);
  }

  @Test
  void bothWays(@TempDir Path directory) throws Exception {
    Path path = directory.resolve("socket");
    Path content = Files.writeString(directory.resolve("file"), "content");
    try (DescriptorChannel.Listener listener = DescriptorChannel.listen(path, OPTIONS);
        AFUNIXSocket junix = AFUNIXSocket.connectTo(AFUNIXSocketAddress.of(path));
        DescriptorChannel channel = listener.accept(Timeouts.CEILING).orElseThrow();
        ChildProcess child = Spawner.of("sleep", "1000").spawn();
        Attachment file = Attachment.open(content, AccessMode.READ)) {
      junix.setAncillaryReceiveBufferSize(1024);

      channel.send(bytes("hello"), List.of(SentDescriptor.of(file)), child);
      DataInputStream in = new DataInputStream(junix.getInputStream());
      byte[] payload = new byte[in.readInt()];
      in.readFully(payload);
      assertEquals("hello", new String(payload, StandardCharsets.UTF_8));
      FileDescriptor[] received = junix.getReceivedFileDescriptors();
      // A file and a process, and the lifeline of the process unless the kernel kills.
      assertTrue(received.length == 2 || received.length == 3, "descriptors: " + received.length);

      junix.setOutboundFileDescriptors(received);
      junix
          .getOutputStream()
          .write(ByteBuffer.allocate(8).putInt(4).put(bytes("back")).array());
      for (FileDescriptor each : received) {
        LibC.close(number(each)); // They are junixsocket's, and no object closes them.
      }
      try (DescriptorChannel.Message message = channel.receive(Timeouts.CEILING).orElseThrow()) {
        assertEquals("back", new String(message.payload(), StandardCharsets.UTF_8));
        assertInstanceOf(
            DescriptorType.RegularFile.class, message.attachments().get(0).type());
        assertTrue(message.descriptors().get(0).sameProcess(child));
        assertTrue(message.descriptors().get(0).signal(Signal.TERM));
      }
      assertTrue(child.waitFor(Timeouts.CEILING).isPresent());
    }
  }

  @Test
  void itsOwnDescriptorsArrive(@TempDir Path directory) throws Exception {
    Path path = directory.resolve("socket");
    Path content = Files.writeString(directory.resolve("file"), "content");
    try (DescriptorChannel.Listener listener = DescriptorChannel.listen(path, OPTIONS);
        AFUNIXSocket junix = AFUNIXSocket.connectTo(AFUNIXSocketAddress.of(path));
        DescriptorChannel channel = listener.accept(Timeouts.CEILING).orElseThrow();
        FileInputStream in = new FileInputStream(content.toFile())) {
      junix.setOutboundFileDescriptors(in.getFD(), junix.getFileDescriptor());
      junix.getOutputStream().write(new byte[] {0, 0, 0, 0});
      try (DescriptorChannel.Message message = channel.receive(Timeouts.CEILING).orElseThrow()) {
        assertEquals(0, message.payload().length);
        assertEquals(
            List.of(
                new DescriptorType.RegularFile(AccessMode.READ),
                new DescriptorType.Socket(
                    DescriptorType.Socket.Domain.UNIX, DescriptorType.Socket.Kind.STREAM, false)),
            message.attachments().stream().map(Attachment::type).toList());
      }
    }
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
