package dev.procdesc.compat.support;

import static org.junit.jupiter.api.Assertions.fail;

import dev.procdesc.Signal;
import dev.procdesc.compat.Requires;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Optional;
import java.util.stream.Stream;

/** The guardian of a JVM, as any process sees it in the list of processes. */
public final class GuardianProcess implements AutoCloseable {
  private final long pid;
  private final Pidfd pidfd;

  private GuardianProcess(long pid, Pidfd pidfd) {
    this.pid = pid;
    this.pidfd = pidfd;
  }

  /** Returns the present guardian of a JVM; skips the test where it cannot be seen. */
  public static GuardianProcess of(long jvm) {
    return find(jvm).orElseGet(() -> fail("the JVM " + jvm + " has no guardian"));
  }

  /** Returns a guardian of a JVM that has not exited yet, if there is one. */
  public static Optional<GuardianProcess> find(long jvm) {
    Requires.file("/proc/self/cmdline");
    for (ProcessHandle child :
        ProcessHandle.of(jvm).map(handle -> handle.children().toList()).orElseThrow()) {
      if (isGuardian(child.pid(), jvm)) {
        Pidfd pidfd;
        try {
          pidfd = Pidfd.open(child.pid());
        } catch (AssertionError e) {
          continue; // It has exited since.
        }
        // If the PID is still a guardian's, the descriptor refers to the guardian.
        if (isGuardian(child.pid(), jvm) && pidfd.isAlive()) {
          return Optional.of(new GuardianProcess(child.pid(), pidfd));
        }
        pidfd.close();
      }
    }
    return Optional.empty();
  }

  /** Returns whether a JVM has a guardian whose PID is not among those of earlier ones. */
  public static boolean hasOther(long jvm, Collection<Long> earlier) {
    Optional<GuardianProcess> guardian = find(jvm);
    guardian.ifPresent(GuardianProcess::close);
    return guardian.isPresent() && !earlier.contains(guardian.get().pid());
  }

  private static boolean isGuardian(long pid, long jvm) {
    try {
      byte[] words = Files.readAllBytes(Path.of("/proc/" + pid + "/cmdline"));
      return new String(words, StandardCharsets.ISO_8859_1)
          .startsWith("procdesc-guardian of " + jvm);
    } catch (IOException e) {
      return false;
    }
  }

  /** Returns the PID. */
  public long pid() {
    return pid;
  }

  /** Sends a signal, and returns whether the guardian still existed. */
  public boolean signal(Signal signal) {
    return pidfd.signal(signal);
  }

  /** Returns whether the guardian has not exited yet. */
  public boolean isAlive() {
    return pidfd.isAlive();
  }

  /** Waits until the guardian has exited. */
  public void awaitEnd() {
    pidfd.awaitEnd();
  }

  /** Returns the number of open descriptors; skips the test where it cannot be seen. */
  public long descriptors() {
    try (Stream<Path> links = Files.list(Path.of("/proc/" + pid + "/fd"))) {
      return links.count();
    } catch (IOException e) {
      Requires.that(false, "root with permission to inspect the guardian (" + e + ")");
      return -1;
    }
  }

  @Override
  public void close() {
    pidfd.close();
  }
}
