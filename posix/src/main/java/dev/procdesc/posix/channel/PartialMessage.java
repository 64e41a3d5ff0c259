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
 * The received parts of an incomplete record. It owns the descriptors in them. One thread adds
 * parts with the lock of the reader held; another thread may close this.
 *
 * <p>A record that will be refused is still received to its end, so that the start of the next
 * record is known; its content is discarded.
 */
final class PartialMessage {
  /**
   * Appends a NUL byte to a payload that is empty or consists of NUL bytes only; the receiver
   * removes it. Descriptors must be accompanied by data, because no kernel ends a record without
   * data. Any other payload is sent unchanged, and most programs that send only a descriptor send
   * one NUL byte with it anyway.
   *
   * <p>Rejected: a prefix byte for every payload, which programs in other languages would have to
   * handle in every message; and a second control message as a marker, which not every kernel
   * transfers.
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

  private final boolean padded;
  private final ByteArrayOutputStream data = new ByteArrayOutputStream(0);
  private final List<Integer> descriptors = new ArrayList<>();
  private @Nullable RefusedMessageException refused;
  private boolean begun;
  private boolean closed;

  /**
   * Creates a message without parts.
   *
   * @param padded whether the sender applies {@link #pad}
   */
  PartialMessage(boolean padded) {
    this.padded = padded;
  }

  /** Adds a part and takes ownership of its descriptors. */
  synchronized void add(byte[] part, List<Integer> came) throws AsynchronousCloseException {
    begun = true;
    descriptors.addAll(came);
    if (closed) {
      drop();
      throw new AsynchronousCloseException();
    }
    if (refused != null) {
      drop();
    } else if (data.size() + part.length > MAX_PAYLOAD + 1) { // pad() may have added one.
      refuse(Reason.PAYLOAD_CUT_OFF, "the payload is longer than " + MAX_PAYLOAD + " bytes");
    } else if (descriptors.size() > MAX_DESCRIPTORS) {
      refuse(
          Reason.DESCRIPTORS_CUT_OFF,
          "there are more than " + MAX_DESCRIPTORS + " descriptors, lifelines included");
    } else {
      data.write(part, 0, part.length);
    }
  }

  /** Marks the record to be refused when it ends. The first reason is reported. */
  synchronized void refuse(Reason reason, String message) {
    begun = true;
    if (refused == null) {
      refused = new RefusedMessageException(reason, message);
    }
    drop();
  }

  /** Returns whether the record will be refused. */
  synchronized boolean isRefused() {
    return refused != null;
  }

  /**
   * Returns the complete record, and starts a new one.
   *
   * @throws RefusedMessageException if the record is refused
   * @throws AsynchronousCloseException if this is closed
   */
  synchronized ReceivedMessage end() throws RefusedMessageException, AsynchronousCloseException {
    if (closed) {
      drop();
      throw new AsynchronousCloseException();
    }
    byte[] payload = data.toByteArray();
    if (padded && !descriptors.isEmpty() && isNul(payload)) {
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

  /**
   * Handles the end of file.
   *
   * @throws RefusedMessageException if a record has begun, which remains incomplete
   */
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

  /** Closes the descriptors, and those of every part that is added later. */
  synchronized void close() {
    closed = true;
    drop();
  }
}
