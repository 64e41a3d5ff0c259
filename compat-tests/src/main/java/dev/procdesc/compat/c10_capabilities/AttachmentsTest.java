package dev.procdesc.compat.c10_capabilities;

import static dev.procdesc.compat.support.Liveness.assertAlive;
import static dev.procdesc.compat.support.Liveness.assertDead;
import static dev.procdesc.compat.support.Messages.bytes;
import static dev.procdesc.compat.support.Messages.receive;
import static dev.procdesc.compat.support.Messages.text;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.AccessMode;
import dev.procdesc.Attachment;
import dev.procdesc.ChannelOptions;
import dev.procdesc.ChildProcess;
import dev.procdesc.ClosedDescriptorException;
import dev.procdesc.DescriptorChannel;
import dev.procdesc.DescriptorChannel.Message;
import dev.procdesc.DescriptorType;
import dev.procdesc.DescriptorType.Seal;
import dev.procdesc.DescriptorType.Socket.Domain;
import dev.procdesc.DescriptorType.Socket.Kind;
import dev.procdesc.Feature;
import dev.procdesc.FileRight;
import dev.procdesc.Framing;
import dev.procdesc.Platform;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.RefusedMessageException;
import dev.procdesc.RefusedMessageException.Reason;
import dev.procdesc.SentDescriptor;
import dev.procdesc.Signal;
import dev.procdesc.UnsupportedFeatureException;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Differences;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.Descriptors;
import dev.procdesc.compat.support.ForeignPeer;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.OpenFiles;
import dev.procdesc.compat.support.PseudoTerminal;
import dev.procdesc.compat.support.RawPipe;
import dev.procdesc.compat.support.Run;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import jnr.constants.platform.Errno;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Messages with descriptors that are no process descriptors. */
@ExtendWith(LeakCheck.class)
final class AttachmentsTest {
  private static final ChannelOptions ALLOWED = ChannelOptions.defaults().attachments(true);

  @TempDir
  Path directory;

  @BeforeEach
  void channels() {
    Requires.feature(Feature.DESCRIPTOR_CHANNEL);
  }

  /** Sends one descriptor and asserts that it arrives with a type. */
  private static void assertArrivesAs(DescriptorType type, int fd) throws Exception {
    try (DescriptorChannel.Pair pair = DescriptorChannel.pair(ALLOWED)) {
      pair.first().send(new byte[0], List.of(SentDescriptor.of(fd)));
      try (Message message = receive(pair.second())) {
        assertEquals(List.of(), message.descriptors());
        Attachment attachment = message.attachments().get(0);
        assertEquals(type, attachment.type());
        assertTrue(Descriptors.isCloseOnExec(attachment.fd()));
      }
    }
    assertTrue(Descriptors.isOpen(fd), "the sender's descriptor is closed");
  }

  @Test
  @Contract("C10")
  void filesAndDirectories() throws Exception {
    Path path = Files.writeString(directory.resolve("file"), "content");
    try (Attachment file = Attachment.open(path, AccessMode.READ);
        Attachment both = Attachment.open(path, AccessMode.READ_WRITE);
        Attachment write = Attachment.open(path, AccessMode.WRITE);
        Attachment below = Attachment.open(directory, AccessMode.READ)) {
      assertArrivesAs(new DescriptorType.RegularFile(AccessMode.READ), file.fd());
      assertArrivesAs(new DescriptorType.RegularFile(AccessMode.READ_WRITE), both.fd());
      assertArrivesAs(new DescriptorType.RegularFile(AccessMode.WRITE), write.fd());
      assertArrivesAs(new DescriptorType.Directory(), below.fd());
    }
  }

  @Test
  @Contract("C10")
  void memoryFilesWithTheirSeals() throws Exception {
    int fd = OpenFiles.memoryFile("content");
    try {
      assertArrivesAs(new DescriptorType.MemoryFile(AccessMode.READ_WRITE, Set.of()), fd);
      OpenFiles.seal(fd, 2 | 4);
      DescriptorType.MemoryFile some =
          new DescriptorType.MemoryFile(AccessMode.READ_WRITE, EnumSet.of(Seal.SHRINK, Seal.GROW));
      assertArrivesAs(some, fd);
      assertFalse(some.isImmutable());
      OpenFiles.seal(fd, 1 | 8);
      DescriptorType.MemoryFile all =
          new DescriptorType.MemoryFile(AccessMode.READ_WRITE, EnumSet.allOf(Seal.class));
      assertArrivesAs(all, fd);
      assertTrue(all.isImmutable());
    } finally {
      Descriptors.close(fd);
    }
  }

  @Test
  @Contract("C10")
  void socketsOfEveryKind() throws Exception {
    int listening = OpenFiles.listeningSocket();
    try {
      assertArrivesAs(new DescriptorType.Socket(Domain.INET, Kind.STREAM, true), listening);
    } finally {
      Descriptors.close(listening);
    }
    ChannelOptions stream = ChannelOptions.defaults().framing(Framing.LENGTH_PREFIX);
    try (DescriptorChannel.Pair records = DescriptorChannel.pair();
        DescriptorChannel.Pair streams = DescriptorChannel.pair(stream)) {
      assertArrivesAs(
          new DescriptorType.Socket(Domain.UNIX, Kind.SEQPACKET, false),
          records.first().fd());
      assertArrivesAs(
          new DescriptorType.Socket(Domain.UNIX, Kind.STREAM, false),
          streams.first().fd());
    }
  }

  @Test
  @Contract("C10")
  void pipesAndTerminalsAndTheRest() throws Exception {
    try (RawPipe pipe = RawPipe.open()) {
      boolean bothWays = Differences.bothEndsOfPipesAreWritable();
      assertArrivesAs(
          new DescriptorType.Pipe(bothWays ? AccessMode.READ_WRITE : AccessMode.READ),
          pipe.readEnd());
      assertArrivesAs(
          new DescriptorType.Pipe(bothWays ? AccessMode.READ_WRITE : AccessMode.WRITE),
          pipe.writeEnd());
    }
    int nothing = Descriptors.open(Path.of("/dev/null"));
    try {
      assertArrivesAs(new DescriptorType.Other("a character device"), nothing);
    } finally {
      Descriptors.close(nothing);
    }
    try (PseudoTerminal terminal = new PseudoTerminal()) {
      assertArrivesAs(new DescriptorType.Terminal(AccessMode.READ_WRITE), terminal.fd());
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Framing.class,
      names = {"RECORDS", "LENGTH_PREFIX"})
  @Contract({"C6", "C10"})
  void pipesAreNotTakenForLifelines(Framing framing) throws Exception {
    Path path = Files.writeString(directory.resolve("file"), "content");
    try (DescriptorChannel.Pair pair = DescriptorChannel.pair(ALLOWED.framing(framing));
        RawPipe heart = RawPipe.open();
        RawPipe pipe = RawPipe.open();
        Attachment file = Attachment.open(path, AccessMode.READ)) {
      ChildProcess one = Run.spawnStaying(heart);
      ChildProcess two = Run.cat().spawn();
      pair.first()
          .send(
              bytes("text"),
              List.of(
                  SentDescriptor.of(pipe.writeEnd()),
                  SentDescriptor.of(file),
                  SentDescriptor.of(pipe.writeEnd())),
              one,
              two);
      one.close();
      pipe.given();
      try (Message message = receive(pair.second())) {
        assertEquals("text", text(message));
        assertEquals(2, message.descriptors().size());
        message.descriptors().get(1).kill();
        assertEquals(Run.signaled(Signal.KILL), Run.end(two));
        assertEquals(3, message.attachments().size());
        assertInstanceOf(DescriptorType.Pipe.class, message.attachments().get(0).type());
        assertInstanceOf(
            DescriptorType.RegularFile.class, message.attachments().get(1).type());
        assertEquals("content", OpenFiles.read(message.attachments().get(1).fd()));
        assertTrue(pipe.isHeld());
        assertAlive(heart);
        message.attachments().forEach(Attachment::close);
        assertFalse(pipe.isHeld());
        assertAlive(heart);
      }
      assertDead(heart);
      two.close();
      two.stdin().close();
      two.stdout().close();
    }
  }

  @Test
  @Contract({"C8", "C10"})
  void aChannelThatDidNotAskRefusesThem() throws Exception {
    try (DescriptorChannel.Pair pair = DescriptorChannel.pair();
        DescriptorChannel asked =
            DescriptorChannel.of(Descriptors.duplicate(pair.first().fd()), ALLOWED);
        RawPipe pipe = RawPipe.open();
        ChildProcess child = Run.cat().spawn()) {
      asked.send(bytes("x"), List.of(SentDescriptor.of(pipe.writeEnd())), child);
      var before = Descriptors.open();
      var refused = assertThrows(RefusedMessageException.class, () -> receive(pair.second()));
      assertEquals(Reason.NO_PROCESS, refused.reason());
      assertTrue(refused.toString().contains("attachments(true)"), refused.toString());
      assertEquals(before, Descriptors.open(), "all that arrived is closed");
      asked.send(bytes("next"), child);
      receive(pair.second()).close();
      assertThrows(
          IllegalStateException.class,
          () -> pair.first().send(bytes("x"), List.of(SentDescriptor.of(pipe.writeEnd()))));
      assertEquals(Optional.empty(), pair.second().receive(Duration.ZERO));
    }
  }

  @Test
  @Tag(Tags.PIDS)
  @Contract({"C8", "C10"})
  void attachmentsAfterAProcessAreRefused() throws Exception {
    try (ForeignPeer peer = ForeignPeer.start(ALLOWED)) {
      var before = Descriptors.open();
      peer.python().order("mixed"); // A process, a file and a process.
      var refused = assertThrows(RefusedMessageException.class, () -> receive(peer.channel()));
      assertEquals(Reason.NO_PROCESS, refused.reason());
      assertEquals(before, Descriptors.open(), "all that arrived is closed");
      peer.python().order("between"); // A file, a process and a file.
      assertThrows(RefusedMessageException.class, () -> receive(peer.channel()));
      assertEquals(before, Descriptors.open(), "all that arrived is closed");
      peer.python().order("lifelines"); // A process and two pipes, of which one is its lifeline.
      assertThrows(RefusedMessageException.class, () -> receive(peer.channel()));
      assertEquals(before, Descriptors.open(), "all that arrived is closed");
      peer.python().order("lifeline"); // A pipe alone.
      try (Message message = receive(peer.channel())) {
        assertInstanceOf(DescriptorType.Pipe.class, message.attachments().get(0).type());
      }
      peer.python().order("file");
      try (Message message = receive(peer.channel())) {
        assertInstanceOf(
            DescriptorType.Other.class, message.attachments().get(0).type());
      }
    }
  }

  @Test
  @Contract({"C8", "C10"})
  void anAttachmentHasOneOwner() throws Exception {
    Path path = Files.writeString(directory.resolve("file"), "content");
    try (DescriptorChannel.Pair pair = DescriptorChannel.pair(ALLOWED)) {
      Attachment file = Attachment.open(path, AccessMode.READ);
      pair.first().send(new byte[0], List.of(SentDescriptor.of(file), SentDescriptor.of(file)));
      file.close();
      file.close();
      Message message = receive(pair.second());
      Attachment first = message.attachments().get(0);
      int detached = first.detach();
      assertThrows(ClosedDescriptorException.class, first::detach);
      assertThrows(ClosedDescriptorException.class, first::fd);
      int closed = message.attachments().get(1).fd();
      message.close();
      message.close();
      assertTrue(Descriptors.isOpen(detached), "the message closed what was detached");
      assertTrue(Descriptors.isCloseOnExec(detached));
      assertEquals("content", OpenFiles.read(detached));
      Descriptors.close(detached);
      assertThrows(
          ClosedDescriptorException.class, () -> message.attachments().get(1).fd());
      assertTrue(closed >= 0);
      assertThrows(
          ClosedDescriptorException.class,
          () -> pair.first().send(bytes("x"), List.of(SentDescriptor.of(file))));
      assertEquals(Optional.empty(), pair.second().receive(Duration.ZERO));
    }
  }

  @Test
  @Contract({"C8", "C10"})
  void anAttachedSocketHasOneOwner() throws Exception {
    try (DescriptorChannel.Pair pair = DescriptorChannel.pair(ALLOWED);
        DescriptorChannel.Pair sent = DescriptorChannel.pair()) {
      pair.first().send(bytes("x"), List.of(SentDescriptor.of(sent.first().fd())));
      try (Message message = receive(pair.second())) {
        Attachment socket = message.attachments().get(0);
        int fd = socket.fd();
        assertThrows(IllegalStateException.class, () -> DescriptorChannel.of(fd));
        assertTrue(Descriptors.isOpen(fd));
        assertEquals(fd, socket.detach());
        DescriptorChannel.of(fd).close();
        assertFalse(Descriptors.open().containsKey(fd));
      }
    }
  }

  @Test
  @Contract({"C9", "C10"})
  void whatCannotBeAttached() throws Exception {
    assertThrows(IllegalArgumentException.class, () -> SentDescriptor.of(-1));
    assertThrows(IllegalArgumentException.class, () -> Attachment.open(directory, AccessMode.NONE));
    var absent = assertThrows(
        ProcessDescriptorException.class,
        () -> Attachment.open(directory.resolve("absent"), AccessMode.READ).close());
    assertEquals(Errno.ENOENT.intValue(), absent.errno());
    try (DescriptorChannel.Pair pair = DescriptorChannel.pair(ALLOWED);
        RawPipe pipe = RawPipe.open();
        ChildProcess child = Run.cat().spawn()) {
      int closed = (int) Descriptors.limit() - 1;
      Requires.that(!Descriptors.isOpen(closed), "a free descriptor number");
      var bad = assertThrows(
          ProcessDescriptorException.class,
          () -> pair.first()
              .send(
                  bytes("x"),
                  List.of(SentDescriptor.of(pipe.writeEnd()), SentDescriptor.of(closed))));
      assertEquals(Errno.EBADF.intValue(), bad.errno());
      assertTrue(bad.toString().contains("descriptor " + closed), bad.toString());
      var process = assertThrows(
          IllegalArgumentException.class,
          () -> pair.first().send(bytes("x"), List.of(SentDescriptor.of(child.fd()))));
      assertTrue(process.toString().contains("process descriptor"), process.toString());
      SentDescriptor[] many = new SentDescriptor[DescriptorChannel.MAX_DESCRIPTORS + 1];
      Arrays.fill(many, SentDescriptor.of(pipe.writeEnd()));
      assertThrows(
          IllegalArgumentException.class, () -> pair.first().send(bytes("x"), List.of(many)));
      assertEquals(Optional.empty(), pair.second().receive(Duration.ZERO));
      pair.first().send(bytes("x"), List.of(many).subList(1, many.length));
      try (Message message = receive(pair.second())) {
        assertEquals(DescriptorChannel.MAX_DESCRIPTORS, message.attachments().size());
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Framing.class,
      names = {"RECORDS", "LENGTH_PREFIX"})
  @Contract({"C8", "C10"})
  void attachmentsForWhichThereIsNoRoomAreRefused(Framing framing) throws Exception {
    try (DescriptorChannel.Pair pair = DescriptorChannel.pair(ALLOWED.framing(framing));
        RawPipe pipe = RawPipe.open()) {
      List<SentDescriptor> many = Collections.nCopies(
          DescriptorChannel.MAX_DESCRIPTORS, SentDescriptor.of(pipe.writeEnd()));
      pair.first().send(bytes("warm"), many);
      receive(pair.second()).close();
      pair.first().send(bytes("lost"), many);
      pair.first().send(bytes("next"), many);
      long limit = Descriptors.limit();
      var before = Descriptors.open();
      RefusedMessageException refused;
      Descriptors.setLimit(Collections.max(before.keySet()) + 10);
      try {
        refused = assertThrows(RefusedMessageException.class, () -> receive(pair.second()));
      } finally {
        Descriptors.setLimit(limit);
      }
      assertEquals(Reason.DESCRIPTORS_CUT_OFF, refused.reason());
      assertEquals(before, Descriptors.open(), "the descriptors that arrived are closed");
      try (Message message = receive(pair.second())) {
        assertEquals("next", text(message));
        assertEquals(DescriptorChannel.MAX_DESCRIPTORS, message.attachments().size());
      }
    }
  }

  @Test
  @Contract("C10")
  void rightsAreNotWeakenedSilently() throws Exception {
    Requires.that(!Platform.current().has(Feature.KERNEL_RIGHTS), "descriptors without rights");
    try (DescriptorChannel.Pair pair = DescriptorChannel.pair(ALLOWED);
        RawPipe pipe = RawPipe.open()) {
      var thrown = assertThrows(
          UnsupportedFeatureException.class,
          () -> pair.first()
              .send(
                  bytes("x"),
                  List.of(SentDescriptor.of(pipe.readEnd()).limitedTo(FileRight.READ))));
      assertEquals(Feature.KERNEL_RIGHTS, thrown.feature());
      pair.first().send(bytes("x"), List.of(SentDescriptor.of(pipe.readEnd())));
      try (Message message = receive(pair.second())) {
        assertEquals(
            EnumSet.allOf(FileRight.class), message.attachments().get(0).rights());
      }
    }
  }

  @Test
  @Contract("C10")
  void rightsAreLimitedAndTravel() throws Exception {
    Requires.feature(Feature.KERNEL_RIGHTS);
    Requires.that(!Differences.simulated(), "a kernel that is not simulated");
    Path path = Files.writeString(directory.resolve("file"), "content");
    try (DescriptorChannel.Pair pair = DescriptorChannel.pair(ALLOWED);
        Attachment file = Attachment.open(path, AccessMode.READ_WRITE)) {
      List<Set<FileRight>> limits = List.of(
          EnumSet.of(FileRight.READ, FileRight.STATUS, FileRight.FLAGS),
          EnumSet.of(FileRight.READ, FileRight.EVENT));
      List<SentDescriptor> sent = new ArrayList<>();
      for (Set<FileRight> limit : limits) {
        sent.add(SentDescriptor.of(file).limitedTo(limit.toArray(new FileRight[0])));
      }
      pair.first().send(new byte[0], sent);
      assertTrue(file.rights().contains(FileRight.WRITE));
      try (Message message = receive(pair.second())) {
        Attachment first = message.attachments().get(0);
        assertEquals(limits.get(0), first.rights());
        assertEquals(new DescriptorType.RegularFile(AccessMode.READ_WRITE), first.type());
        assertEquals("content", OpenFiles.read(first.fd()));
        Attachment second = message.attachments().get(1);
        assertEquals(limits.get(1), second.rights());
        assertInstanceOf(DescriptorType.Other.class, second.type());
      }
    }
  }
}
