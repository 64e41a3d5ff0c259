package dev.procdesc.posix.channel;

import static dev.procdesc.DescriptorChannel.MAX_DESCRIPTORS;
import static dev.procdesc.DescriptorChannel.MAX_PAYLOAD;

import dev.procdesc.RefusedMessageException;
import dev.procdesc.RefusedMessageException.Reason;
import dev.procdesc.posix.ffi.LibC;
import java.io.ByteArrayOutputStream;
import java.nio.channels.AsynchronousCloseException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What came of a record that has not ended. It owns the descriptors in it. One thread adds, with
 * the lock of the reader; another may close.
 *
 * <p>A record that will be refused is still followed to its end, so that the next one begins where
 * it begins; nothing of it is kept.
 */
final class PartialMessage {
  /**
   * With descriptors there must be data, because no kernel ends a record where there is none. So a
   * payload of NUL bytes only, be it empty, gets one more, which the receiver takes away. Every
   * other payload goes as it is, and most programs that send a descriptor and nothing else give it
   * one NUL anyway.
   *
   * <p>Rejected: a byte in front of every payload, which a program in another language would have
   * to know of for every message; and a second control message as a mark, which not every kernel
   * lets through.
   */
  static byte[] pad(byte[] payload) {
    return isNul(payload) ? Arrays.copyOf(payload, payload.length + 1) : payload;
  }

  private static boolean isNul(byte[] bytes) {
    for (byte each : bytes) {
      if (each != 0) {
        return false;
      }
    }
    return true;
  }

  private final ByteArrayOutputStream data = new ByteArrayOutputStream(0);
  private final List<Integer> descriptors = new ArrayList<>();
  private @Nullable RefusedMessageException refused;
  private boolean begun;
  private boolean closed;

  /** Adds a part, whose descriptors are this object's from now on. */
  synchronized void add(byte[] part, List<Integer> came) throws AsynchronousCloseException {
    begun = true;
    descriptors.addAll(came);
    if (closed) {
      drop();
      throw new AsynchronousCloseException();
    }
    if (refused != null) {
      drop();
    } else if (data.size() + part.length > MAX_PAYLOAD + 1) { // One may be of pad().
      refuse(Reason.PAYLOAD_CUT_OFF, "the payload is longer than " + MAX_PAYLOAD + " bytes");
    } else if (descriptors.size() > MAX_DESCRIPTORS) {
      refuse(
          Reason.DESCRIPTORS_CUT_OFF,
          "there are more than " + MAX_DESCRIPTORS + " descriptors, lifelines included");
    } else {
      data.write(part, 0, part.length);
    }
  }

  /** Decides that the record is refused when it ends. The first reason is the one that counts. */
  synchronized void refuse(Reason reason, String message) {
    begun = true;
    if (refused == null) {
      refused = new RefusedMessageException(reason, message);
    }
    drop();
  }

  synchronized boolean isRefused() {
    return refused != null;
  }

  /** Ends the record: the next part is of another one. */
  synchronized ReceivedMessage end() throws RefusedMessageException, AsynchronousCloseException {
    if (closed) {
      drop();
      throw new AsynchronousCloseException();
    }
    byte[] payload = data.toByteArray();
    if (!descriptors.isEmpty() && isNul(payload)) {
      payload = Arrays.copyOf(payload, payload.length - 1);
    }
    if (payload.length > MAX_PAYLOAD) {
      refuse(Reason.PAYLOAD_CUT_OFF, "the payload is longer than " + MAX_PAYLOAD + " bytes");
    }
    throwIfRefused();
    ReceivedMessage arrived = new ReceivedMessage(payload, descriptors);
    begin();
    return arrived;
  }

  /** Nothing more will come. */
  synchronized void cutShort() throws RefusedMessageException {
    if (begun) {
      refuse(Reason.INCOMPLETE, "the other end was closed before the message was complete");
      throwIfRefused();
    }
  }

  private void throwIfRefused() throws RefusedMessageException {
    RefusedMessageException reason = refused;
    if (reason != null) {
      begin();
      throw reason;
    }
  }

  private void begin() {
    data.reset();
    descriptors.clear();
    refused = null;
    begun = false;
  }

  private void drop() {
    data.reset();
    descriptors.forEach(LibC::close);
    descriptors.clear();
  }

  /** Closes the descriptors, and those of any part that is added later. */
  synchronized void close() {
    closed = true;
    drop();
  }
}
