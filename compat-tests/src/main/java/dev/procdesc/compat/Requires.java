package dev.procdesc.compat;

import dev.procdesc.Feature;
import dev.procdesc.OnClose;
import dev.procdesc.Platform;
import dev.procdesc.ProbeResult;
import dev.procdesc.UnsupportedFeatureException;
import dev.procdesc.compat.support.Libc;
import dev.procdesc.compat.support.VirtualThreads;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/** Requirements of tests. Each method skips the test, with the reason, if one is not met. */
public final class Requires {
  private static final AtomicInteger CGROUPS = new AtomicInteger();

  private Requires() {}

  /**
   * Requires a feature of the running system.
   *
   * @param feature the feature
   */
  public static void feature(Feature feature) {
    ProbeResult report = Platform.current().report(feature);
    if (!report.present()) {
      throw new MissingFeature(feature, report.lacks());
    }
  }

  /**
   * Returns the skip of a test that needs the kill at the last close, {@link OnClose#KILL}, on a
   * system without it.
   *
   * @param failure of the test
   * @return empty if the system has the kill, or if the test failed for another reason
   */
  public static Optional<MissingFeature> skipFor(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof UnsupportedFeatureException refusal
          && refusal.feature() == Feature.KILL_ON_JVM_DEATH) {
        ProbeResult report = Platform.current().report(Feature.KILL_ON_JVM_DEATH);
        return report.present()
            ? Optional.empty()
            : Optional.of(new MissingFeature(refusal.feature(), report.lacks()));
      }
    }
    return Optional.empty();
  }

  /**
   * Returns whether there is the kill at the last close.
   *
   * @return false only where children execute their program at once, so that no guardian can
   *     protect them. Elsewhere this method does not query the guard, because that starts it
   */
  public static boolean hasKill() {
    Platform platform = Platform.current();
    return platform.has(Feature.CHILD_SETUP) || platform.has(Feature.KILL_ON_JVM_DEATH);
  }

  /** Requires a mechanism that creates children without executing a program by its name. */
  public static void launchWithoutNames() {
    that(
        Platform.current().mechanisms().stream()
                .noneMatch(mechanism -> mechanism.name().equals("launcher"))
            || Platform.current().mechanisms().stream()
                .anyMatch(mechanism -> mechanism.present() && mechanism.name().startsWith("clone")),
        "the spawn stub: the C library's children execute a program by its name");
  }

  /**
   * Requires a condition that is no feature of the library.
   *
   * @param there whether it is met
   * @param needs the condition, as the report shows it
   */
  public static void that(boolean there, String needs) {
    if (!there) {
      throw new MissingCondition(needs);
    }
  }

  /** Requires the superuser. */
  public static void root() {
    that(Libc.C.geteuid() == 0, "root");
  }

  /** Requires a user other than the superuser. */
  public static void notRoot() {
    that(Libc.C.geteuid() != 0, "a user other than root");
  }

  /**
   * Requires a version of Java.
   *
   * @param feature the oldest one
   */
  public static void java(int feature) {
    that(Runtime.version().feature() >= feature, "Java " + feature);
  }

  /** Requires virtual threads. */
  public static void virtualThreads() {
    that(VirtualThreads.AVAILABLE, "virtual threads (Java 21)");
  }

  /**
   * Requires a file that only some systems have.
   *
   * @param path the path
   */
  public static void file(String path) {
    that(Files.exists(Path.of(path)), path);
  }

  /**
   * Requires a cgroup v2 hierarchy in which this user may create groups.
   *
   * @return a new, empty group, which the caller deletes
   */
  public static Path cgroup() {
    String name =
        "procdesc-compat-" + ProcessHandle.current().pid() + "-" + CGROUPS.incrementAndGet();
    Path group = rootCgroup().resolve(name);
    try {
      return Files.createDirectory(group);
    } catch (IOException e) {
      throw new MissingCondition("a cgroup v2 directory that may be written (" + e + ")");
    }
  }

  /** Requires a cgroup v2 hierarchy, and returns its root. */
  public static Path rootCgroup() {
    return Stream.of("/sys/fs/cgroup", "/sys/fs/cgroup/unified")
        .map(Path::of)
        .filter(root -> Files.exists(root.resolve("cgroup.procs"))
            && Files.exists(root.resolve("cgroup.controllers")))
        .findFirst()
        .orElseThrow(() -> new MissingCondition("a cgroup v2 directory"));
  }

  /**
   * Requires a controller in a cgroup.
   *
   * @param group the group
   * @param name the name of the controller
   */
  public static void controller(Path group, String name) throws IOException {
    String controllers = Files.readString(group.resolve("cgroup.controllers")).strip();
    that(List.of(controllers.split(" ")).contains(name), "the cgroup controller " + name);
  }
}
