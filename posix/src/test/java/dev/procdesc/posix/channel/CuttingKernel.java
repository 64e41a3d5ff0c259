package dev.procdesc.posix.channel;

import com.kenai.jffi.MemoryIO;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.ffi.SocketNumbers;
import dev.procdesc.posix.ffi.TestNumbers;
import dev.procdesc.posix.io.TestSystem;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;

/**
 * Simulates one direction of a socket whose records end with MSG_EOR, as in FreeBSD 15: a send
 * accepts as much as there is room for, with the descriptors in the first part; a receive returns
 * the available data up to the end of a record, or up to descriptors that follow data. Two pipes
 * wake the waiting threads, as a socket and a kqueue would.
 */
final class CuttingKernel implements MessageCalls, SendRoom {
  static final SocketNumbers NUMBERS = TestNumbers.sockets(false);

  /** An element of the queue: descriptors, or data that may end a record. */
  private static final class Piece {
    final byte[] data;
    final List<Integer> descriptors;
    final boolean end;

    Piece(byte[] data, List<Integer> descriptors, boolean end) {
      this.data = data;
      this.descriptors = descriptors;
      this.end = end;
    }
  }

  private static final MemoryIO MEMORY = MemoryIO.getInstance();
  private static final int EPIPE = 32;

  /** The pipe whose read end replaces the receiver's socket, and whose write end the sender's. */
  final TestSystem.Pipe socket = TestSystem.pipe();

  private final TestSystem.Pipe room = TestSystem.pipe();
  private final Deque<Piece> queue = new ArrayDeque<>();
  private int limit = 65_536;
  private int lies;
  private int withoutNumbers;
  private boolean over;
  private int sends;

  /** Sets the capacity of the queue. */
  synchronized void limit(int bytes) {
    limit = bytes;
  }

  /** Reports room for the next messages, as if another sender then used it. */
  synchronized void lie(int times) {
    lies = times;
  }

  /** Makes the next receives of descriptors fail, because no numbers are free. */
  synchronized void withoutNumbers(int times) {
    withoutNumbers = times;
  }

  /** Closes one of the ends. */
  synchronized void hangUp() {
    over = true;
    tell();
  }

  synchronized int sends() {
    return sends;
  }

  /** Returns the number of queued bytes; a descriptor counts as eight. */
  synchronized int queued() {
    return queue.stream()
        .mapToInt(piece -> piece.data.length + 8 * piece.descriptors.size())
        .sum();
  }

  /** Adds what another program sends; the descriptors are owned by the kernel then. */
  synchronized void put(byte[] data, List<Integer> descriptors, boolean end) {
    if (!descriptors.isEmpty()) {
      queue.add(new Piece(new byte[0], List.copyOf(descriptors), false));
    }
    if (data.length > 0) {
      queue.add(new Piece(data.clone(), List.of(), end));
    }
    tell();
  }

  private void tell() {
    TestSystem.writeByte(socket.writeEnd(), 0);
  }

  @Override
  public synchronized int send(int fd, SocketMessage message, int flags) {
    sends++;
    if (over) {
      return -EPIPE;
    }
    long iov = MEMORY.getLong(message.header() + 16);
    byte[] data = new byte[(int) MEMORY.getLong(iov + 8)];
    MEMORY.getByteArray(MEMORY.getLong(iov), data, 0, data.length);
    List<Integer> descriptors = message.descriptors();
    int space = limit - queued() - 8 * descriptors.size();
    if (space < 0 || (space == 0 && descriptors.isEmpty())) {
      return -TestSystem.NUMBERS.eagain();
    }
    List<Integer> references = new ArrayList<>();
    descriptors.forEach(each -> references.add(TestSystem.duplicate(each, 0)));
    int sent = Math.min(data.length, space);
    boolean end = sent == data.length && (flags & NUMBERS.msgEor().orElseThrow()) != 0;
    put(Arrays.copyOf(data, sent), references, end);
    return sent == 0 && data.length > 0 ? -TestSystem.NUMBERS.eagain() : sent;
  }

  @Override
  public synchronized int receive(int fd, SocketMessage message, int flags) {
    while (TestSystem.readByte(socket.readEnd()) >= 0) {
      // Reported.
    }
    int size = 0;
    boolean end = false;
    byte[] data = new byte[(int) MEMORY.getLong(MEMORY.getLong(message.header() + 16) + 8)];
    List<Integer> descriptors = new ArrayList<>();
    if (queue.isEmpty() && !over) {
      return -TestSystem.NUMBERS.eagain();
    }
    while (!queue.isEmpty() && !end && size < data.length) {
      Piece piece = queue.peek();
      if (!piece.descriptors.isEmpty()) {
        if (size > 0) {
          break;
        }
        queue.remove();
        if (withoutNumbers > 0) {
          withoutNumbers--;
          piece.descriptors.forEach(LibC::close);
          tell();
          return -PosixNumbers.EMFILE;
        }
        descriptors.addAll(piece.descriptors);
        continue;
      }
      queue.remove();
      int taken = Math.min(piece.data.length, data.length - size);
      System.arraycopy(piece.data, 0, data, size, taken);
      size += taken;
      if (taken < piece.data.length) {
        byte[] rest = Arrays.copyOfRange(piece.data, taken, piece.data.length);
        queue.addFirst(new Piece(rest, List.of(), piece.end));
      } else {
        end = piece.end;
      }
    }
    if (!queue.isEmpty() || over) {
      tell();
    }
    TestSystem.writeByte(room.writeEnd(), 0);
    message.fill(Arrays.copyOf(data, size), descriptors);
    MEMORY.putInt(
        message.header() + NUMBERS.msghdrFlags(), end ? NUMBERS.msgEor().orElseThrow() : 0);
    return size;
  }

  @Override
  public int queue() {
    return TestSystem.duplicate(room.readEnd(), 0);
  }

  @Override
  public synchronized int has(int kqueue, int descriptor, int bytes, int descriptors) {
    while (TestSystem.readByte(kqueue) >= 0) {
      // The condition is checked again below.
    }
    if (lies > 0) {
      lies--;
      return 1;
    }
    return over || limit - queued() >= bytes + 8 * descriptors ? 1 : 0;
  }

  /** Closes the descriptors that were not received. */
  synchronized void close() {
    queue.forEach(piece -> piece.descriptors.forEach(LibC::close));
    queue.clear();
    LibC.close(room.readEnd());
  }

  /** Returns, after the close, whether a queue that reports room is still open. */
  boolean isRoomWatched() {
    boolean watched = TestSystem.writeByte(room.writeEnd(), 0) != -EPIPE;
    LibC.close(room.writeEnd());
    return watched;
  }
}
