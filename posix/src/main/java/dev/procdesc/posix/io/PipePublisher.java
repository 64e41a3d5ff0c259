package dev.procdesc.posix.io;

import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;

/** The publisher of the contents of a pipe. */
record PipePublisher(PipeInputImpl pipe, Executor executor) implements Flow.Publisher<ByteBuffer> {
  PipePublisher {
    Objects.requireNonNull(executor, "executor");
  }

  @Override
  public void subscribe(Flow.Subscriber<? super ByteBuffer> subscriber) {
    Objects.requireNonNull(subscriber, "subscriber");
    new PipeSubscription(pipe, executor, subscriber).begin();
  }
}
