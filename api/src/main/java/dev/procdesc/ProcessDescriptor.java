package dev.procdesc;

import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * A process, referenced by a descriptor: a pidfd on Linux, a process descriptor on FreeBSD.
 *
 * <p>Every operation reaches this process or no process at all, also after the process has ended
 * and its ID was assigned to another process.
 *
 * <p><b>Linux and FreeBSD.</b> A method that names no system does the same on both, with the same
 * errors. Where the systems differ, the method says so after the name of each: the call that it
 * makes, its errors and its guarantees. A version after a call is the first release that has it;
 * every supported release has a call without one. An operation that a system lacks throws
 * {@link UnsupportedFeatureException} with the {@link Feature} that the method names, and
 * {@link Platform#has} tells beforehand. The <i>descriptor-only mode</i> is that of
 * {@link Platform#enterDescriptorOnlyMode}, in which Linux refuses a call with EPERM and FreeBSD
 * with ECAPMODE.
 *
 * <p>Closing the last reference kills or releases the process, as {@link OnClose} specifies. A
 * descriptor that becomes unreachable without having been closed is closed by the garbage
 * collector, with a warning in the log: a process that is to outlive its descriptor must be started
 * with {@link OnClose#RELEASE}. A {@link #onExit()} future that is not complete keeps the
 * descriptor reachable.
 *
 * <p>A descriptor is a capability: every holder can use it, parent or not. It can be duplicated
 * ({@link #duplicate()}) and given fewer rights ({@link #restrict}). A method that needs a
 * {@link Right} that this descriptor lacks throws {@link MissingRightException}.
 *
 * <p>The exit status of a process that is not a child of this JVM is exact where the kernel reports
 * it to every holder of a descriptor ({@link Feature#STATUS_FOR_ANY_HOLDER}), and is available once
 * the parent has reaped the process. On other systems it is {@link ExitStatus.Unknown}.
 *
 * <p>Instances are safe for use by several threads. After {@link #close()}, a method that needs the
 * descriptor throws {@link ClosedDescriptorException}. The methods that return the exit status
 * ({@link #poll()}, {@link #isAlive()}, {@link #waitFor()}, {@link #onExit()}) continue to return
 * it if the process had ended before the last reference in this JVM was closed, or if that close
 * ended the process. Otherwise they throw {@link ClosedDescriptorException} too, also after the
 * process has ended: a process that is released, or that another process may hold, is not observed
 * any more. While other references are open in this JVM, they throw that exception until the
 * process has ended.
 *
 * @see <a href="https://man7.org/linux/man-pages/man2/pidfd_open.2.html">pidfd_open(2), Linux</a>
 * @see <a href="https://man.freebsd.org/cgi/man.cgi?query=pdfork&amp;sektion=2">pdfork(2),
 *     FreeBSD</a>
 */
public interface ProcessDescriptor extends AutoCloseable {
  /**
   * Opens a running process by its ID. Closing the returned descriptor never kills the process.
   *
   * <p>This is the only method that takes a mere process ID, and it is inherently racy: between the
   * moment the caller learned the ID and this call, the process may end and the ID may be assigned
   * to another process. The race is impossible only for children of the caller that it has not
   * reaped. Prefer {@link #open(ProcessIdentity)}, {@link #open(ProcessHandle)}, or a descriptor
   * that the other side sends ({@link DescriptorChannel}).
   *
   * <p>Linux: {@code pidfd_open} (Linux 5.3). FreeBSD: {@code pdopenpid} with {@code PD_NOWAITPID}
   * (FreeBSD 16). On FreeBSD the process remains a zombie, visible to its parent, until the
   * descriptor is closed.
   *
   * @param pid the process ID, positive
   * @return a descriptor with every right
   * @throws ProcessDescriptorException ESRCH if there is no such process; EMFILE if this JVM has
   *     too many open descriptors; on Linux EINVAL, or ENOENT with newer kernels, if the ID is that
   *     of a thread, EPERM in the descriptor-only mode; on FreeBSD EPERM if this JVM may not debug
   *     the process, EBUSY if the process is exiting, ECAPMODE in the descriptor-only mode
   * @throws IllegalArgumentException if the ID is not positive
   * @throws UnsupportedFeatureException without {@link Feature#OPEN_PROCESS}
   * @see <a href="https://man7.org/linux/man-pages/man2/pidfd_open.2.html">pidfd_open(2), Linux</a>
   * @see <a href="https://man.freebsd.org/cgi/man.cgi?query=pdopenpid&amp;sektion=2">pdopenpid(2),
   *     FreeBSD</a>
   */
  static ProcessDescriptor open(long pid) throws ProcessDescriptorException {
    if (pid <= 0) {
      throw new IllegalArgumentException("a process ID must be positive, not " + pid);
    }
    return Platform.current().backend().open(pid);
  }

  /**
   * Opens the process of a handle. Closing the returned descriptor never kills the process.
   *
   * <p>A handle records the start time of its process, and this method checks the handle again once
   * the descriptor is open. The descriptor is therefore that of the handle's process, unless
   * another process got the same ID and started within a hundredth of a second of the recorded
   * time.
   *
   * <p>Uses the same system calls as {@link #open(long)}.
   *
   * @param handle the handle of a process that runs, or that has not been reaped
   * @return a descriptor with every right
   * @throws ProcessDescriptorException ESRCH if the process has ended; other errors as for
   *     {@link #open(long)}
   * @throws UnsupportedFeatureException without {@link Feature#OPEN_PROCESS}
   */
  static ProcessDescriptor open(ProcessHandle handle) throws ProcessDescriptorException {
    Objects.requireNonNull(handle, "handle");
    ProcessDescriptor opened = open(handle.pid());
    if (handle.isAlive()) {
      return opened;
    }
    opened.close();
    int noSuchProcess = 3; // ESRCH has this value on every system.
    throw new ProcessDescriptorException(
        "open",
        "process " + handle.pid(),
        noSuchProcess,
        "ESRCH (3): the process of the handle has ended");
  }

  /**
   * Opens the process with an identity. Closing the returned descriptor never kills the process.
   *
   * <p>The returned descriptor is that of the identified process: this method opens a process by
   * the ID, then compares the inode number of the descriptor, and fails if another process has the
   * ID.
   *
   * <p>Linux: {@code pidfd_open} (Linux 5.3) and {@code statx} of the pidfd, in pidfs (Linux 6.9).
   * FreeBSD has no such number.
   *
   * @param identity the identity of a process that runs, or that has not been reaped, with its ID
   *     in the PID namespace of this JVM
   * @return a descriptor with every right
   * @throws ProcessDescriptorException ESRCH if the process has ended, whether or not its ID was
   *     assigned to another process or thread; EPERM in the descriptor-only mode; EMFILE if this
   *     JVM has too many open descriptors
   * @throws UnsupportedFeatureException without {@link Feature#UNIQUE_IDENTITY} or
   *     {@link Feature#OPEN_PROCESS}
   */
  static ProcessDescriptor open(ProcessIdentity identity) throws ProcessDescriptorException {
    Objects.requireNonNull(identity, "identity");
    return Platform.current().backend().open(identity);
  }

  /**
   * Opens this JVM, for instance to send its descriptor to a process that monitors it. Closing the
   * returned descriptor never kills the process. Unlike {@link #open(long)}, this method has no
   * race.
   *
   * <p>Uses the same system calls as {@link #open(long)}.
   *
   * @return a descriptor with every right
   * @throws ProcessDescriptorException EMFILE if this JVM has too many open descriptors; on FreeBSD
   *     ECAPMODE in the descriptor-only mode, which permits this method on Linux
   * @throws UnsupportedFeatureException without {@link Feature#OPEN_PROCESS}
   */
  static ProcessDescriptor self() throws ProcessDescriptorException {
    return Platform.current().backend().self();
  }

  /**
   * Creates the object for a process descriptor that this JVM has from elsewhere: it was started
   * with it, got it from a service manager, or other code in it opened or received it, such as
   * {@code SO_PEERPIDFD}. This is {@link #of(int, int)} for a descriptor without a lifeline.
   *
   * @param fd the number of a pidfd (Linux) or a process descriptor (FreeBSD) of this JVM; this
   *     object takes ownership and makes it close-on-exec
   * @return the process; see {@link #lastClose()} for the effect of its close
   * @throws ProcessDescriptorException as {@link #of(int, int)}
   * @throws IllegalArgumentException as {@link #of(int, int)}
   * @throws IllegalStateException as {@link #of(int, int)}
   */
  static ProcessDescriptor of(int fd) throws ProcessDescriptorException {
    return Platform.current().backend().adoption().adopt(checkNumber(fd), OptionalInt.empty());
  }

  /**
   * Creates the object for a process descriptor that this JVM has from elsewhere, together with its
   * <i>lifeline</i>: the write end of a pipe that every holder of a kill-on-close process has where
   * not the kernel kills it; see {@link DescriptorChannel}. The process dies when no write end is
   * open any more, so this JVM is a holder of it from now on.
   *
   * <p>The descriptors are examined first, and nothing is changed if one is refused: the caller
   * retains ownership of both. This method works in the descriptor-only mode. The descriptor may
   * refer to a process in any state:
   *
   * <ul>
   *   <li>A process that has ended: {@link #isAlive()} is false. If its parent has reaped it, its
   *       status is known with {@link Feature#STATUS_FOR_ANY_HOLDER} only, and on Linux its ID is
   *       unknown.
   *   <li>A child of this JVM that other code started: this library observes it and never reaps it,
   *       so that code can still wait for it.
   *   <li>A process of which this JVM has another descriptor: the two are independent of each
   *       other, and this library counts none of them as a reference of the other. A copy that the
   *       caller has made of {@link #fd()} does not keep a process alive that {@link #close()}
   *       kills; use {@link #duplicate()}.
   * </ul>
   *
   * <p>Linux: {@code waitid(P_PIDFD)} recognizes a pidfd (Linux 5.4). FreeBSD: {@code pdgetpid},
   * {@code pdkill} or {@code kevent} recognize a process descriptor, depending on its rights;
   * {@code cap_rights_get} determines {@link #rights()}.
   *
   * @param fd the number of a pidfd (Linux) or a process descriptor (FreeBSD) of this JVM; this
   *     object takes ownership and makes it close-on-exec
   * @param lifeline the number of the lifeline; this object takes ownership and makes it
   *     close-on-exec
   * @return the process
   * @throws ProcessDescriptorException EBADF if a number is not open, as one that is the ID of a
   *     process
   * @throws IllegalArgumentException if a number is negative, if {@code fd} is another kind of
   *     descriptor, which the message names, among them the pidfd of a single thread and on FreeBSD
   *     one without the rights to identify the process, to signal it or to wait for it; or if
   *     {@code lifeline} is no pipe that can be written
   * @throws IllegalStateException if an open object of this library owns a number already
   * @see <a href="https://man7.org/linux/man-pages/man2/pidfd_open.2.html">pidfd_open(2), Linux</a>
   * @see <a
   *     href="https://man.freebsd.org/cgi/man.cgi?query=cap_rights_get&amp;sektion=3">cap_rights_get(3),
   *     FreeBSD</a>
   */
  static ProcessDescriptor of(int fd, int lifeline) throws ProcessDescriptorException {
    return Platform.current()
        .backend()
        .adoption()
        .adopt(checkNumber(fd), OptionalInt.of(checkNumber(lifeline)));
  }

  private static int checkNumber(int fd) {
    if (fd < 0) {
      throw new IllegalArgumentException("a descriptor number must not be negative: " + fd);
    }
    return fd;
  }

  /**
   * Returns the number of the descriptor, for use with the caller's own poll, epoll or kqueue. The
   * descriptor is close-on-exec. This object owns it: the caller must not close it, nor use it
   * after {@link #close()}.
   *
   * <p>When the process ends, poll reports {@code POLLIN} on Linux, with {@code POLLHUP} once the
   * process was reaped (first seen in Linux 6.12), and {@code POLLHUP} on FreeBSD.
   *
   * <p>A {@code poll} or {@code select} that is in progress may delay the last close: see
   * {@link OnClose#KILL}.
   *
   * @return the descriptor number, not negative
   * @throws MissingRightException without {@link Right#EVENT}
   * @throws ClosedDescriptorException after {@link #close()}
   */
  int fd();

  /**
   * Returns the process ID, for display and logs. No operation of this library uses it to identify
   * the process. The ID remains the same after the process has ended, when the system may have
   * assigned it to another process.
   *
   * <p>The call that created or opened the process returns its ID. For a descriptor from elsewhere,
   * Linux: {@code ioctl(PIDFD_GET_INFO)} (Linux 6.13), else {@code /proc/self/fdinfo}; FreeBSD:
   * {@code pdgetpid}, which also reports the ID of a process that was reaped, and keeps it from
   * being assigned again while a descriptor is open.
   *
   * @return the process ID, positive
   * @throws MissingRightException without {@link Right#PID}
   * @throws IllegalStateException if the ID is unknown, with the reason: the process was reaped
   *     before its descriptor arrived, or is in a PID namespace that this JVM cannot see (Linux).
   *     On Linux before 6.13 also without {@code /proc}. With {@code pidfd_spawn} of glibc also for
   *     a child that other code in this JVM reaped during its spawn
   * @see <a href="https://man.freebsd.org/cgi/man.cgi?query=pdgetpid&amp;sektion=2">pdgetpid(2),
   *     FreeBSD</a>
   */
  long pid();

  /**
   * Returns numbers that identify the process for as long as the system runs, to be written down
   * and used later, by {@link #open(ProcessIdentity)} or by other programs. They remain the same
   * after the process has ended, and no other process ever has both.
   *
   * <p>Linux: {@link #pid()} and the number of the inode of the pidfd in pidfs (Linux 6.9). FreeBSD
   * has no number that is never reused: the ID is not reused only while a descriptor is open.
   *
   * @return the identity
   * @throws ProcessDescriptorException if the kernel refuses to identify the process
   * @throws MissingRightException without {@link Right#PID}
   * @throws IllegalStateException if the ID of the process is unknown, as for {@link #pid()}
   * @throws UnsupportedFeatureException without {@link Feature#UNIQUE_IDENTITY}
   * @throws ClosedDescriptorException after {@link #close()}
   */
  ProcessIdentity identity() throws ProcessDescriptorException;

  /**
   * Sends a signal to the process.
   *
   * <p>Linux: {@code pidfd_send_signal} (Linux 5.1). FreeBSD: {@code pdkill} (FreeBSD 9).
   *
   * <p>A process that the kernel hides from this JVM accepts no signal from it: on Linux one in a
   * PID namespace that is neither that of this JVM nor below it, on FreeBSD one in such a jail, or
   * of a user that {@code security.bsd.see_other_uids} hides. Its descriptor still reports its end.
   *
   * @param signal the signal to send
   * @return true if the signal was sent; false if the process has ended
   * @throws ProcessDescriptorException EPERM if the process runs as another user now; EINVAL if the
   *     kernel has no signal of that number; EINVAL on Linux and ESRCH on FreeBSD, with the reason
   *     in the message, if the process is in another PID namespace or jail
   * @throws IllegalArgumentException if this system has no signal of that name
   * @throws MissingRightException without {@link Right#SIGNAL}
   * @throws ClosedDescriptorException after {@link #close()}
   * @see <a
   *     href="https://man7.org/linux/man-pages/man2/pidfd_send_signal.2.html">pidfd_send_signal(2),
   *     Linux</a>
   * @see <a href="https://man.freebsd.org/cgi/man.cgi?query=pdkill&amp;sektion=2">pdkill(2),
   *     FreeBSD</a>
   */
  boolean signal(Signal signal) throws ProcessDescriptorException;

  /**
   * Sends {@link Signal#KILL}, as {@link #signal}. The signal takes effect also if the process is
   * stopped, and regardless of its signal mask.
   *
   * @return true if the signal was sent; false if the process has ended
   * @throws ProcessDescriptorException EPERM if the process runs as another user now; EINVAL on
   *     Linux and ESRCH on FreeBSD if it is in another PID namespace or jail, as for
   *     {@link #signal}
   * @throws MissingRightException without {@link Right#SIGNAL}
   * @throws ClosedDescriptorException after {@link #close()}
   */
  default boolean kill() throws ProcessDescriptorException {
    return signal(Signal.KILL);
  }

  /**
   * Sends a signal to every process of the process group that this process leads, also if the
   * leader itself has ended. The process must have been started as the leader of a process group or
   * session.
   *
   * <p>Linux: {@code pidfd_send_signal} with {@code PIDFD_SIGNAL_PROCESS_GROUP} (Linux 6.9).
   * FreeBSD: {@code killpg} with the ID from {@code pdgetpid}; the kernel assigns that ID to no
   * other process or process group while a descriptor of the leader is open.
   *
   * @param signal the signal to send
   * @return true if the signal was sent to at least one process; false if the group has no member.
   *     A member that has ended and was not reaped by its parent still counts
   * @throws ProcessDescriptorException EPERM if this JVM may signal none of the processes; EINVAL
   *     or ESRCH if the leader is in another PID namespace or jail, as for {@link #signal}; on
   *     FreeBSD ECAPMODE in the descriptor-only mode
   * @throws IllegalArgumentException if this system has no signal of that name
   * @throws MissingRightException without {@link Right#SIGNAL}
   * @throws UnsupportedFeatureException without {@link Feature#SIGNAL_GROUP}
   * @throws ClosedDescriptorException after {@link #close()}
   * @see <a
   *     href="https://man7.org/linux/man-pages/man2/pidfd_send_signal.2.html">pidfd_send_signal(2),
   *     Linux</a>
   * @see <a href="https://man.freebsd.org/cgi/man.cgi?query=killpg&amp;sektion=2">killpg(2),
   *     FreeBSD</a>
   */
  boolean signalGroup(Signal signal) throws ProcessDescriptorException;

  /**
   * Ends the process in an orderly way: sends the signals of a teardown in order, waits after each,
   * and sends {@code SIGKILL} last, until the process has ended. {@code SIGCONT} follows each
   * signal that is not a stop signal, because a stopped process handles no other signal before it
   * continues. This method does not close the descriptor.
   *
   * <p>Uses {@link #signal}, or {@link #signalGroup} for {@link Teardown#ofGroup()}, and
   * {@link #waitFor(Duration)}. So FreeBSD refuses the teardown of a group in the descriptor-only
   * mode.
   *
   * @param teardown the signals and the time to wait after each
   * @return the exit status
   * @throws ProcessDescriptorException as {@link #signal} and {@link #signalGroup}
   * @throws InterruptedException if the thread is interrupted; the process may still run then
   * @throws MissingRightException without {@link Right#SIGNAL} or {@link Right#WAIT}
   * @throws UnsupportedFeatureException for a process group, without {@link Feature#SIGNAL_GROUP}
   * @throws ClosedDescriptorException after {@link #close()}
   */
  ExitStatus shutdown(Teardown teardown) throws ProcessDescriptorException, InterruptedException;

  /**
   * Returns whether the process runs. This method never blocks.
   *
   * <p>Linux: a process that has exited may have no status yet, so that {@link #poll()} is empty
   * although this method returns false: another process's child until its parent has reaped it
   * ({@code PIDFD_INFO_EXIT}, Linux 6.15), and a process that is traced until the tracer (strace, a
   * debugger) has reaped it or has ended. Before Linux 6.15 another process's child has the status
   * {@link ExitStatus.Unknown} from its exit on. FreeBSD: the status is available at the exit.
   *
   * @return false as soon as the process has exited, also if its status is not available yet
   * @throws MissingRightException without {@link Right#WAIT}
   * @throws ClosedDescriptorException after {@link #close()}, as {@link #poll()}
   */
  default boolean isAlive() {
    return poll().isEmpty();
  }

  /**
   * Returns the exit status if the process has ended. This method never blocks.
   *
   * <p>Linux: {@code waitid(P_PIDFD)} (Linux 5.4), then {@code ioctl(PIDFD_GET_INFO)} for the
   * status of a process that was reaped by other code or by another process (Linux 6.15). FreeBSD:
   * {@code pdwait} (FreeBSD 15.1), else {@code wait6}, for a child of this library; {@code kevent}
   * with {@code EVFILT_PROCDESC} for every other process, for a child that other code has reaped,
   * and where the descriptor-only mode refuses {@code wait6}. If a child of this library has ended,
   * this call reaps it; after {@code kevent}, the close of its last descriptor does.
   *
   * <p>After a {@link #close()} that killed the process, the status is available at once.
   *
   * @return the exit status; empty while the process runs, or its status is not available yet: see
   *     {@link #isAlive()}
   * @throws MissingRightException without {@link Right#WAIT}
   * @throws ClosedDescriptorException after {@link #close()}, unless the process had ended before
   *     or was killed by the close of the last reference
   * @see <a href="https://man7.org/linux/man-pages/man2/waitid.2.html">waitid(2), Linux</a>
   * @see <a href="https://man.freebsd.org/cgi/man.cgi?query=kqueue&amp;sektion=2">kqueue(2),
   *     FreeBSD</a>
   */
  Optional<ExitStatus> poll();

  /**
   * Waits until the process has ended and its exit status is available. A virtual thread parks
   * without pinning its carrier thread.
   *
   * <p>A child that writes to a pipe which nobody reads blocks once the pipe is full, and then does
   * not end: see {@link Stdio#pipe()}.
   *
   * <p>A platform thread waits in {@code poll}. The library's watcher thread wakes virtual threads,
   * and on Linux threads that wait for a parent or a tracer to reap the process, until which it has
   * no status: see {@link #isAlive()}.
   *
   * @return the exit status, equal for every waiter
   * @throws InterruptedException if the thread is interrupted; the process is not affected
   * @throws MissingRightException without {@link Right#WAIT}
   * @throws ClosedDescriptorException after {@link #close()}, as {@link #poll()}; also in a thread
   *     that waits when the descriptor is closed. If that close kills the process, the thread
   *     receives the status instead
   * @throws java.io.UncheckedIOException if the watcher thread cannot watch the process
   */
  ExitStatus waitFor() throws InterruptedException;

  /**
   * Waits for the process to end, up to a timeout. Waits as {@link #waitFor()}.
   *
   * @param timeout the maximum time to wait; zero or less only polls
   * @return the exit status; empty if the process still runs, or its status is not available yet
   * @throws InterruptedException if the thread is interrupted; the process is not affected
   * @throws MissingRightException without {@link Right#WAIT}
   * @throws ClosedDescriptorException as {@link #waitFor()}
   * @throws java.io.UncheckedIOException as {@link #waitFor()}
   */
  Optional<ExitStatus> waitFor(Duration timeout) throws InterruptedException;

  /**
   * Returns a future that completes when the process ends, at the moment at which
   * {@link #waitFor()} returns. Each call returns a new future: cancelling or completing it affects
   * neither the process nor other callers. Dependent actions run in a thread of the library; one
   * that blocks does not delay others.
   *
   * <p>Linux: {@code epoll}. FreeBSD: {@code kqueue} with {@code EVFILT_PROCDESC}. One thread
   * watches all processes of this JVM.
   *
   * @return a future that completes with the exit status, or exceptionally with
   *     {@link ClosedDescriptorException} if the descriptor is closed and the process lives on
   * @throws MissingRightException without {@link Right#EVENT}
   * @throws ClosedDescriptorException after {@link #close()}, as {@link #poll()}
   * @throws java.io.UncheckedIOException if the watcher thread cannot watch the process
   * @see <a href="https://man7.org/linux/man-pages/man7/epoll.7.html">epoll(7), Linux</a>
   * @see <a href="https://man.freebsd.org/cgi/man.cgi?query=kqueue&amp;sektion=2">kqueue(2),
   *     FreeBSD</a>
   */
  CompletableFuture<ExitStatus> onExit();

  /**
   * Opens a descriptor that becomes readable at the end of the process, as an ordinary socket does:
   * for event loops that cannot watch {@link #fd()}. That of a process that has ended is readable
   * at once. The process need not be a child of this JVM.
   *
   * @return a new object, which the caller closes
   * @throws ProcessDescriptorException EMFILE if this JVM has too many open descriptors; this
   *     descriptor remains as it was
   * @throws MissingRightException without {@link Right#EVENT}
   * @throws ClosedDescriptorException after {@link #close()}, as {@link #poll()}
   * @throws java.io.UncheckedIOException if the watcher thread cannot watch the process
   */
  ExitDescriptor exitDescriptor() throws ProcessDescriptorException;

  /**
   * Returns the resource usage of the process. After {@link #close()} it is available if the exit
   * status is.
   *
   * <p>Linux: {@code waitid(P_PIDFD)}. FreeBSD: {@code pdwait} (FreeBSD 15.1), else {@code wait6},
   * which the descriptor-only mode refuses; then, and for a child whose zombie a tracer holds,
   * there is none.
   *
   * @return the resource usage; empty while the process runs, if it was not requested
   *     ({@link Spawner#collectUsage(boolean)}), if other code reaped the process first, and after
   *     a {@link #close()} that left the process alive
   * @throws MissingRightException without {@link Right#WAIT}
   * @see <a href="https://man7.org/linux/man-pages/man2/waitid.2.html">waitid(2), Linux</a>
   * @see <a href="https://man.freebsd.org/cgi/man.cgi?query=wait6&amp;sektion=2">wait6(2),
   *     FreeBSD</a>
   */
  Optional<ResourceUsage> resourceUsage();

  /**
   * Reports stop and continue to the parent of the process. Such changes are states, not queued
   * events: of several in quick succession only the last may be reported. The listeners of a
   * process are called by one thread of the library at a time, in the order of the changes.
   *
   * <p>Linux: {@code waitid(P_PIDFD, WSTOPPED | WCONTINUED)} (Linux 5.4). A pidfd does not report
   * the changes, so a thread blocks in that call from the first listener until the process ends. A
   * change that other code of this JVM takes by {@code waitpid} is not reported. FreeBSD:
   * {@code EVFILT_SIGNAL} reports SIGCHLD to the one thread that watches all children, which then
   * calls {@code pdwait} (FreeBSD 15.1), else {@code wait6}, without blocking. A program that
   * handles SIGCHLD with {@code SA_NOCLDSTOP} receives no SIGCHLD at a stop, and no report. In the
   * descriptor-only mode FreeBSD refuses {@code wait6}, and this method needs {@code pdwait}.
   *
   * @param listener the listener
   * @return a registration that removes the listener when it is closed
   * @throws MissingRightException without {@link Right#EVENT}
   * @throws UnsupportedFeatureException without {@link Feature#STATE_CHANGES}
   * @throws ClosedDescriptorException after {@link #close()}
   * @see <a href="https://man7.org/linux/man-pages/man2/waitid.2.html">waitid(2), Linux</a>
   * @see <a href="https://man.freebsd.org/cgi/man.cgi?query=wait6&amp;sektion=2">wait6(2),
   *     FreeBSD</a>
   */
  Listening onStateChange(Consumer<? super StateChange> listener);

  /**
   * Returns another reference to the same process, with the same rights. Each reference is closed
   * separately: only the close of the last one has the effect of {@link OnClose}. A thread that
   * waits on a reference that is closed while others are open gets
   * {@link ClosedDescriptorException}.
   *
   * @return a new descriptor object; its {@link #fd()} may be the same number, which is valid until
   *     the later close
   * @throws ProcessDescriptorException EMFILE if this JVM has too many open descriptors
   * @throws MissingRightException without {@link Right#DUPLICATE}
   * @throws ClosedDescriptorException after {@link #close()}
   */
  ProcessDescriptor duplicate() throws ProcessDescriptorException;

  /**
   * Returns another reference to the same process, with fewer rights: the given ones that this
   * reference has too. This reference retains its rights.
   *
   * <p>Linux: the library enforces the rights; see {@link Right}. FreeBSD: {@code cap_rights_limit}
   * on a copy of the descriptor, so the kernel enforces the rights for every holder of the copy.
   *
   * <p>To give up rights, restrict a descriptor and close the original:
   *
   * <pre>{@code
   * ProcessDescriptor watched;
   * try (ChildProcess child = spawner.spawn()) {
   *   watched = child.restrict(Right.WAIT, Right.EVENT);
   * }
   * }</pre>
   *
   * @param rights the rights to retain; with none, the reference only prevents the last close
   * @return a new descriptor object
   * @throws ProcessDescriptorException EMFILE if this JVM has too many open descriptors
   * @throws IllegalArgumentException if a right is given twice
   * @throws MissingRightException without {@link Right#DUPLICATE}
   * @throws ClosedDescriptorException after {@link #close()}
   * @see <a
   *     href="https://man.freebsd.org/cgi/man.cgi?query=cap_rights_limit&amp;sektion=2">cap_rights_limit(2),
   *     FreeBSD</a>
   */
  ProcessDescriptor restrict(Right... rights) throws ProcessDescriptorException;

  /**
   * Returns the rights of this descriptor. One that this JVM has received or adopted has, on
   * FreeBSD, those that {@code cap_rights_get} reports, and on Linux every right.
   *
   * @return an unmodifiable set, always the same
   */
  Set<Right> rights();

  /**
   * Returns a snapshot of the kernel's information about the process.
   *
   * <p>Linux: {@code ioctl(PIDFD_GET_INFO)} (Linux 6.13). FreeBSD has no such call.
   *
   * @return the snapshot
   * @throws ProcessDescriptorException ESRCH if the process has ended and was reaped; EREMOTE if it
   *     is outside the PID namespace of this JVM
   * @throws MissingRightException without {@link Right#PID}
   * @throws UnsupportedFeatureException without {@link Feature#PROCESS_INFO}
   * @throws ClosedDescriptorException after {@link #close()}
   */
  ProcessInfo info() throws ProcessDescriptorException;

  /**
   * Returns whether another descriptor refers to the same process, also after the process has
   * ended. Needs no right.
   *
   * <p>Linux: compares the inodes of the pidfds in pidfs, which are never reused (Linux 6.9).
   * FreeBSD: compares the IDs from {@code pdgetpid}, which are not reused while both descriptors
   * are open.
   *
   * @param other another descriptor of this library
   * @return true if both refer to the same process
   * @throws ProcessDescriptorException if the kernel refuses to identify the process
   * @throws IllegalArgumentException if the other descriptor is not an object of this library
   * @throws UnsupportedFeatureException without {@link Feature#PROCESS_IDENTITY}, unless one
   *     descriptor is a duplicate of the other
   * @throws ClosedDescriptorException after {@link #close()} of either descriptor
   */
  boolean sameProcess(ProcessDescriptor other) throws ProcessDescriptorException;

  /**
   * Returns what the last close does to the process, as far as this system reports it. Closes in
   * other processes count where they hold the same open file or lifeline.
   *
   * <p>Linux: for a descriptor that this JVM did not open, {@code fcntl(F_GETFL)} shows whether it
   * is one of {@code CLONE_PIDFD_AUTOKILL} (Linux 7.1). FreeBSD has no call that shows whether a
   * descriptor was created with {@code PD_DAEMON}.
   *
   * @return the effect, which does not change
   * @throws ClosedDescriptorException after {@link #close()}
   */
  LastClose lastClose();

  /**
   * Closes this reference. The close of the last one has the effect of {@link OnClose}: with
   * {@link OnClose#KILL} a process that still runs gets {@code SIGKILL}, and is reaped before this
   * method returns, so that its exit status is known from then on. The close of an opened
   * descriptor does not affect the process. A process whose descriptor was sent
   * ({@link DescriptorChannel}) lives until its last holder, in any process, has closed it or has
   * exited. Closing the reference again has no effect, and waits while another thread closes it.
   *
   * <p>Linux: {@code pidfd_send_signal}, then {@code waitid(P_PIDFD)}. FreeBSD: {@code pdkill},
   * then a wait as {@link #poll()}. A process whose descriptor was sent is killed, at the close by
   * its last holder, by FreeBSD's kernel, and on Linux by the kernel ({@code CLONE_PIDFD_AUTOKILL},
   * Linux 7.1) or the guardian: see {@link Platform#deathGuard()}.
   *
   * <p>The end of a killed process usually takes less than a millisecond. The kernel may delay it,
   * for instance while a file system does not respond or, on Linux, while a tracer has not reaped
   * the process. After 10 seconds this method returns all the same; the status becomes known, and
   * the process is reaped, when the end comes. An interrupt does not shorten the wait, and remains
   * set.
   *
   * <p>A process that runs as another user, by executing a set-user-ID program, may be one that
   * this JVM has no permission to kill. This method does not wait for it, and its status is not
   * observed any more. FreeBSD, and Linux with {@code CLONE_PIDFD_AUTOKILL} (Linux 7.1): the kernel
   * kills it at the last close all the same. Any other Linux: it lives on, and is reaped when it
   * ends.
   */
  @Override
  void close();

  /** A registration that can be removed. */
  interface Listening extends AutoCloseable {
    /**
     * Removes the registration. Removing it again has no effect. This method does not wait for a
     * call of the listener that is in progress.
     */
    @Override
    void close();
  }
}
