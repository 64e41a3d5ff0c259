package dev.procdesc;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * A scope that owns several children, of any number and age: it waits for all or any of them, and
 * its close closes them all.
 *
 * <pre>{@code
 * Teardown gently = Teardown.of(Signal.TERM, Duration.ofSeconds(5));
 * try (ProcessScope scope = ProcessScope.shutdownOnFailure(gently)) {
 *   for (Path file : files) {
 *     scope.spawn(Spawner.of("gzip", file.toString()));
 *   }
 *   scope.awaitAll();
 *   scope.failure().ifPresent(child -> System.err.println("failed: " + child));
 * }
 * }</pre>
 *
 * <p><b>Ownership.</b> A child belongs to its scope from {@link #spawn} or {@link #add} until it
 * has ended and {@link #awaitAny} or {@link #awaitAll} has returned it. The scope then lets go of
 * it and releases its descriptor, so that a scope that exists for long does not grow. Its exit
 * status and what its pipes contain remain available; its pipes are closed at their end of file, or
 * by {@link ChildProcess#close()}, which is permitted at any time. The methods that need the
 * descriptor, such as {@link ChildProcess#fd()}, throw {@link ClosedDescriptorException} then. A
 * child with {@link OnClose#KILL_GROUP} or {@link OnClose#KILL_CGROUP}, whose close affects other
 * processes too, remains in the scope until the scope or the caller closes it.
 *
 * <p><b>Close.</b> {@link #close()} has the effect of {@link ChildProcess#close()} on every child
 * in the scope, at the same time: it first sends {@code SIGKILL} to all that are to be killed, and
 * then waits for the end of all, for at most the time that one close takes. A child with
 * {@link OnClose#RELEASE} lives on. At the death of the JVM the children end as without a scope. A
 * scope that becomes unreachable without having been closed has the effect of its unreachable
 * children: see {@link ProcessDescriptor}.
 *
 * <p><b>Failure.</b> A child has failed if its exit status is another one than {@code Exited(0)}:
 * see {@link ExitStatus#isSuccess()}. A scope from {@link #shutdownOnFailure} then ends the other
 * children, and accepts no further ones.
 *
 * <p>A child that the caller closes itself leaves the scope: at its end if the close kills it, else
 * at once. Instances are safe for use by several threads. Waits park a virtual thread without
 * pinning its carrier. After {@link #close()} every method except {@link #children()},
 * {@link #failure()} and {@link #close()} throws {@link IllegalStateException}, also in a thread
 * that waits then.
 *
 * <p>The methods behave the same on Linux and FreeBSD.
 */
public interface ProcessScope extends AutoCloseable {
  /**
   * Opens a scope in which a failure of one child does not affect the others.
   *
   * @return a new scope without children
   */
  static ProcessScope open() {
    return Platform.current().backend().openScope(Optional.empty());
  }

  /**
   * Opens a scope in which the first failure of a child ends the others.
   *
   * @param teardown the signals for the other children, as for {@link #shutdown}; it begins in a
   *     thread of the library as soon as the failure is noticed
   * @return a new scope without children
   */
  static ProcessScope shutdownOnFailure(Teardown teardown) {
    Objects.requireNonNull(teardown, "teardown");
    return Platform.current().backend().openScope(Optional.of(teardown));
  }

  /**
   * Spawns a child that belongs to this scope.
   *
   * @param spawner the spawner
   * @return the child
   * @throws ScopeFailedException if this scope ends its children because of a failure; no process
   *     is left
   * @throws IOException as {@link Spawner#spawn()}; the other children are not affected
   * @throws IllegalStateException if this scope is closed; no process is left
   */
  ChildProcess spawn(Spawner spawner) throws IOException;

  /**
   * Adds an existing child. It may have ended.
   *
   * @param child the child, which belongs to this scope from then on; after an exception it still
   *     belongs to the caller
   * @throws ScopeFailedException if this scope ends its children because of a failure
   * @throws IllegalArgumentException if the child is in this scope already, or is not an object of
   *     this library
   * @throws IllegalStateException if this scope is closed
   * @throws java.io.UncheckedIOException if the watcher thread cannot watch the process
   */
  void add(ChildProcess child) throws ScopeFailedException;

  /**
   * Returns the children in this scope: those that run, and those that have ended and were not
   * returned by {@link #awaitAny} or {@link #awaitAll}.
   *
   * @return an unmodifiable copy; empty after {@link #close()}
   */
  List<ChildProcess> children();

  /**
   * Returns the first child that failed.
   *
   * @return empty if no child has failed, apart from those that {@link #close()} killed
   */
  Optional<ChildProcess> failure();

  /**
   * Waits until every child in this scope has ended, those included that other threads add
   * meanwhile. In a scope from {@link #shutdownOnFailure}, this method also returns after a failure
   * has ended the children.
   *
   * @return the children that have ended and were not returned before, in the order in which their
   *     ends were noticed; the scope lets go of them
   * @throws InterruptedException if the thread is interrupted; the children are not affected
   * @throws IllegalStateException if this scope is closed
   */
  List<ChildProcess> awaitAll() throws InterruptedException;

  /**
   * Waits for all children as {@link #awaitAll()}, up to a timeout.
   *
   * @param timeout the maximum time to wait; zero or less only polls
   * @return the children; empty if one of them still runs, and then the scope lets go of none
   * @throws InterruptedException if the thread is interrupted; the children are not affected
   * @throws IllegalStateException if this scope is closed
   */
  Optional<List<ChildProcess>> awaitAll(Duration timeout) throws InterruptedException;

  /**
   * Waits until a child in this scope has ended. Each child is returned once, the one whose end was
   * noticed first before the others.
   *
   * @return the child, of which the scope lets go; empty if there is none that runs or was not
   *     returned before
   * @throws InterruptedException if the thread is interrupted; the children are not affected
   * @throws IllegalStateException if this scope is closed
   */
  Optional<ChildProcess> awaitAny() throws InterruptedException;

  /**
   * Waits for a child as {@link #awaitAny()}, up to a timeout.
   *
   * @param timeout the maximum time to wait; zero or less only polls
   * @return the child; empty if none has ended in this time, or if there is none
   * @throws InterruptedException if the thread is interrupted; the children are not affected
   * @throws IllegalStateException if this scope is closed
   */
  Optional<ChildProcess> awaitAny(Duration timeout) throws InterruptedException;

  /**
   * Ends all children in an orderly way, at the same time: each step of the teardown signals all
   * that are left, and then waits once for all of them. Returns when all have ended; they remain in
   * this scope until they are returned by {@link #awaitAny} or {@link #awaitAll}. A child that is
   * added meanwhile is not affected. A child that cannot be signaled does not prevent the end of
   * the others.
   *
   * @param teardown the signals and the time to wait after each, as for
   *     {@link ProcessDescriptor#shutdown}
   * @throws ProcessDescriptorException as {@link ProcessDescriptor#signal} and
   *     {@link ProcessDescriptor#signalGroup}, for the first child that cannot be signaled; the
   *     exceptions for the others are suppressed ones
   * @throws InterruptedException if the thread is interrupted; the children may still run then
   * @throws UnsupportedFeatureException for process groups, without {@link Feature#SIGNAL_GROUP}
   * @throws IllegalStateException if this scope is closed
   */
  void shutdown(Teardown teardown) throws ProcessDescriptorException, InterruptedException;

  /**
   * Closes all children in this scope, and their pipes, as {@link ChildProcess#close()}: kills all
   * before it waits for any. An interrupt does not shorten the wait, and remains set. Closing the
   * scope again has no effect, and waits while another thread closes it.
   */
  @Override
  void close();
}
