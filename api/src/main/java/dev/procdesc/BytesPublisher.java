package dev.procdesc;

import java.nio.ByteBuffer;
import java.util.concurrent.Flow;

/** A publisher of one buffer, which is not empty, or of none. */
record BytesPublisher(ByteBuffer bytes) implements Flow.Publisher<ByteBuffer> {
  BytesPublisher(byte[] bytes) {
    this(ByteBuffer.wrap(bytes).asReadOnlyBuffer());
  }

  @Override
  public void subscribe(Flow.Subscriber<? super ByteBuffer> subscriber) {
    subscriber.onSubscribe(new Flow.Subscription() {
      private boolean done;

      @Override
      public void request(long count) {
        if (!done) {
          done = true;
          if (bytes.hasRemaining()) {
            subscriber.onNext(bytes);
          }
          subscriber.onComplete();
        }
      }

      @Override
      public void cancel() {
        done = true;
      }
    });
  }
}
