package dev.procdesc;

import dev.procdesc.spi.Backend;
import dev.procdesc.spi.LibraryVersion;
import java.io.File;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;

/**
 * The search for the backend of the running system, once for each JVM. It is part of every first
 * spawn; the explanation of a failure is in {@link BackendAdvice}, which is loaded on need.
 */
final class BackendSearch {
  /** A {@link Platform}, or the {@link Failure} that every use of the library reports. */
  static final Object FOUND = find();

  /** The start of the file names of all artifacts. */
  private static final String ARTIFACT = "procdesc-";

  private BackendSearch() {}

  /**
   * A search that found nothing.
   *
   * @param message the cause and the remedy
   * @param ofSystem whether the cause is the running system, not the path or the run-time image
   */
  record Failure(String message, boolean ofSystem) {}

  /**
   * A backend that was found and cannot be used.
   *
   * @param name the name of the backend, or of its class if it cannot be loaded
   * @param reason the cause and the remedy
   * @param ofSystem whether the cause is the running system
   */
  record Refusal(String name, String reason, boolean ofSystem) {}

  private static Object find() {
    for (String property : List.of("java.class.path", "jdk.module.path")) {
      Optional<String> mixed = severalVersions(System.getProperty(property, ""));
      if (mixed.isPresent()) {
        return new Failure(mixed.get(), false);
      }
    }
    return find(
        ServiceLoader.load(Backend.class, Platform.class.getClassLoader()).iterator(),
        System.getProperty("dev.procdesc.backend", ""));
  }

  /**
   * Returns the first backend that works.
   *
   * @param backends the backends, which may fail to be loaded
   * @param wanted the name of the backend that is to be used; empty for any
   * @return a {@link Platform} or a {@link Failure}
   */
  static Object find(Iterator<Backend> backends, String wanted) {
    List<Refusal> refusals = new ArrayList<>();
    while (backends.hasNext()) {
      String name = "a backend";
      try {
        Backend backend = backends.next();
        name = backend.getClass().getName();
        Optional<Refusal> refusal = refusal(backend, wanted);
        if (refusal.isEmpty()) {
          return new Platform(backend);
        }
        refusals.add(refusal.get());
      } catch (Error e) { // Two kinds of them, whose classes a first spawn would load otherwise.
        refusals.add(new Refusal(name, BackendAdvice.notLoaded(e), false));
      }
    }
    return BackendAdvice.failure(refusals);
  }

  private static Optional<Refusal> refusal(Backend backend, String wanted) {
    // Before anything else: a backend of another version may lack what is called next.
    if (!backend.version().equals(LibraryVersion.VERSION)) {
      return Optional.of(new Refusal(backend.name(), BackendAdvice.otherVersion(backend), false));
    }
    if (!wanted.isEmpty() && !wanted.equals(backend.name())) {
      return Optional.of(
          new Refusal(backend.name(), "not selected by -Ddev.procdesc.backend=" + wanted, true));
    }
    Optional<String> unavailable = backend.unavailable();
    return unavailable.isEmpty()
        ? Optional.empty()
        : Optional.of(new Refusal(backend.name(), unavailable.get(), true));
  }

  /**
   * Compares the names of the library's JARs on a path: which of two versions a class is taken from
   * is a matter of their order.
   *
   * @param path a class path or module path
   * @return the cause and the remedy, if the path has two versions of one artifact
   */
  static Optional<String> severalVersions(String path) {
    // One search, and no more for a path without two JARs of the library.
    int first = path.indexOf(ARTIFACT);
    if (first < 0 || path.indexOf(ARTIFACT, first + 1) < 0) {
      return Optional.empty();
    }
    List<String> seen = new ArrayList<>();
    for (String entry : path.split(File.pathSeparator, -1)) {
      String name = entry.substring(entry.lastIndexOf(File.separatorChar) + 1);
      int version = versionStart(name);
      if (version < 0) {
        continue;
      }
      for (String other : seen) {
        if (versionStart(other) == version
            && other.startsWith(name.substring(0, version))
            && !other.equals(name)) {
          return Optional.of(BackendAdvice.severalVersions(other, name));
        }
      }
      seen.add(name);
    }
    return Optional.empty();
  }

  /** Returns the index of the version in the file name of a JAR of the library; else -1. */
  private static int versionStart(String name) {
    if (!name.startsWith(ARTIFACT)
        || !name.endsWith(".jar")
        || name.endsWith("-sources.jar")
        || name.endsWith("-javadoc.jar")) {
      return -1;
    }
    for (String artifact : List.of("api-", "posix-", "linux-", "freebsd-")) {
      if (name.startsWith(artifact, ARTIFACT.length())) {
        return ARTIFACT.length() + artifact.length();
      }
    }
    return -1;
  }
}
