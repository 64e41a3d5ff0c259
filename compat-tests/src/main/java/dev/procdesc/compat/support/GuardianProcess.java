package dev.procdesc.compat.support;

import static org.junit.jupiter.api.Assertions.fail;

import dev.procdesc.Signal;
import dev.procdesc.compat.Requires;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/** The guardian of a JVM, as everybody can see it in the list of processes. */
public final class GuardianProcess implements AutoCloseable {
  private final long pid;
  private final int pidfd;

  private GuardianProcess(long pid, int pidfd) {
    this.pid = pid;
    this.pidfd = pidfd;
  }

  /** The one that a JVM has now; skips the test where it cannot be seen. */
  public static GuardianProcess of(long jvm) {
    return find(jvm).orElseGet(() -> fail("the JVM " + jvm + " has no guardian"));
  }

  /** The one that a JVM has now, if it has one. */
  public static Optional<GuardianProcess> find(long jvm) {
    Requires.file("/proc/self/cmdline");
    for (ProcessHandle child :
        ProcessHandle.of(jvm).map(handle -> handle.children().toList()).orElseThrow()) {
      if (isGuardian(child.pid(), jvm)) {
        int pidfd;
        try {
          pidfd = KillCalls.pidfdOpen(child.pid());
        } catch (AssertionError e) {
          continue; // It has gone since.
        }
        // If it is still the same now, the descriptor is the guardian's.
        if (isGuardian(child.pid(), jvm)) {
          return Optional.of(new GuardianProcess(child.pid(), pidfd));
        }
        Descriptors.close(pidfd);
      }
    }
    return Optional.empty();
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

  /** Its PID. */
  public long pid() {
    return pid;
  }

  /** Sends it a signal. */
  public boolean signal(Signal signal) {
    return KillCalls.pidfdSignal(pidfd, signal);
  }

  /** Whether it lives. */
  public boolean isAlive() {
    return Poll.now(pidfd) == 0;
  }

  /** Waits for its end. */
  public void awaitEnd() {
    Poll.readable(pidfd);
  }

  /** How many descriptors it has; skips the test where that cannot be seen. */
  public long descriptors() {
    try (Stream<Path> links = Files.list(Path.of("/proc/" + pid + "/fd"))) {
      return links.count();
    } catch (IOException e) {
      Requires.that(false, "root that may look into the guardian (" + e + ")");
      return -1;
    }
  }

  @Override
  public void close() {
    Descriptors.close(pidfd);
  }
}
