package dev.procdesc.spi;

import java.nio.ByteBuffer;
import java.util.concurrent.Flow;

/**
 * A subscriber of the library whose {@code onNext} neither blocks nor retains its buffer. A backend
 * may call {@code onNext} in the thread that watches all children, and with a buffer that is valid
 * during the call only.
 */
public interface NonBlockingSubscriber extends Flow.Subscriber<ByteBuffer> {}
