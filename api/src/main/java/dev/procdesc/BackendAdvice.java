package dev.procdesc;

import dev.procdesc.BackendSearch.Failure;
import dev.procdesc.BackendSearch.Refusal;
import dev.procdesc.spi.Backend;
import dev.procdesc.spi.LibraryVersion;
import java.lang.module.ModuleReference;
import java.lang.module.ResolvedModule;
import java.net.URI;
import java.security.CodeSource;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.stream.Collectors;

/** Explains why there is no backend, in one sentence, and says in another what to do. */
final class BackendAdvice {
  /** The classes of the backends. A tool that relocates classes also changes these strings. */
  private static final Map<String, String> CLASSES = Map.of(
      "linux", "dev.procdesc.linux.LinuxBackend",
      "freebsd", "dev.procdesc.freebsd.FreeBsdBackend");

  private static final String SAME_VERSION = "Give all artifacts of dev.procdesc the same version,"
      + " for example by importing dev.procdesc:procdesc-bom.";

  private static final String DEPENDENCY = "Add the dependency dev.procdesc:procdesc:"
      + LibraryVersion.VERSION
      + ", which brings the API and the backends for Linux and FreeBSD.";

  private BackendAdvice() {}

  /**
   * Returns the failure of a search.
   *
   * @param refusals the backends that were found; none of them can be used
   */
  static Failure failure(List<Refusal> refusals) {
    return failure(
        refusals,
        System.getProperty("os.name", "").toLowerCase(Locale.ROOT),
        Platform.class.getClassLoader());
  }

  /**
   * Returns the failure of a search.
   *
   * @param refusals the backends that were found; none of them can be used
   * @param own the name that a backend for the running system has
   * @param loader the class loader of the search
   */
  static Failure failure(List<Refusal> refusals, String own, ClassLoader loader) {
    for (Refusal refusal : refusals) {
      if (!refusal.ofSystem()) {
        return new Failure(refusal.reason(), false);
      }
    }
    boolean isFound = refusals.stream().anyMatch(refusal -> refusal.name().equals(own));
    if (!isFound && CLASSES.containsKey(own)) {
      return new Failure(
          location(CLASSES.get(own), loader)
              .map(where -> notNamed(own, where))
              .orElseGet(() -> absent(own)),
          false);
    }
    return refusals.isEmpty()
        ? new Failure(
            "there is no backend for it; the library has backends for Linux and FreeBSD", true)
        : new Failure(
            "no backend works on this system; "
                + refusals.stream()
                    .map(refusal -> refusal.name() + ": " + refusal.reason())
                    .collect(Collectors.joining("; ")),
            true);
  }

  /** Explains that a backend is there, and that no service file names it. */
  private static String notNamed(String name, String where) {
    return "The backend "
        + name
        + " is in "
        + where
        + ", but no file META-INF/services/"
        + Backend.class.getName()
        + " names it, so the tool that made this JAR lost or overwrote the file. Have the tool merge"
        + " the files of META-INF/services (maven-shade-plugin: ServicesResourceTransformer; Gradle"
        + " Shadow: mergeServiceFiles()).";
  }

  /** Explains that the classes of the backend are not there. */
  private static String absent(String name) {
    Module module = Platform.class.getModule();
    if (!module.isNamed()) {
      return "The backend for this system, " + name + ", is not on the class path. " + DEPENDENCY;
    }
    String needed = "dev.procdesc." + name;
    return isInImage(module)
        ? "This run-time image has no backend for this system, because it lacks the module "
            + needed
            + ". Make it with jlink --add-modules "
            + needed
            + ", or let the application's module require dev.procdesc.all."
        : "The backend for this system, the module " + needed + ", is not on the module path. "
            + DEPENDENCY;
  }

  private static boolean isInImage(Module module) {
    return Optional.ofNullable(module.getLayer())
        .flatMap(layer -> layer.configuration().findModule(module.getName()))
        .map(ResolvedModule::reference)
        .flatMap(ModuleReference::location)
        .map(URI::getScheme)
        .filter("jrt"::equals)
        .isPresent();
  }

  /** Explains that two JARs of one artifact are on the path. */
  static String severalVersions(String first, String second) {
    return "Two versions of one artifact are on the path: "
        + first
        + " and "
        + second
        + ". Remove one of them, and give all artifacts of dev.procdesc the same version, for example"
        + " by importing dev.procdesc:procdesc-bom.";
  }

  /** Explains that the backend does not belong to this API. */
  static String otherVersion(Backend backend) {
    return "The API is of version "
        + LibraryVersion.VERSION
        + " ("
        + location(Platform.class)
        + "), and the backend "
        + backend.name()
        + " of version "
        + backend.version()
        + " ("
        + location(backend.getClass())
        + "). "
        + SAME_VERSION;
  }

  /**
   * Explains that a backend cannot be loaded.
   *
   * @throws Error the same, if it has nothing to do with the loading
   */
  static String notLoaded(Error thrown) {
    if (!(thrown instanceof ServiceConfigurationError || thrown instanceof LinkageError)) {
      throw thrown;
    }
    Throwable cause = thrown;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    return "A backend cannot be loaded ("
        + thrown.getMessage()
        + (cause == thrown ? "" : ": " + cause)
        + "), because its classes are incomplete or of another version than the API, "
        + LibraryVersion.VERSION
        + ". "
        + SAME_VERSION
        + " Let no tool that shrinks JARs remove classes of it.";
  }

  private static Optional<String> location(String type, ClassLoader loader) {
    try {
      return Optional.of(location(loader.loadClass(type)));
    } catch (ClassNotFoundException | LinkageError e) {
      return Optional.empty();
    }
  }

  private static String location(Class<?> type) {
    return Optional.ofNullable(type.getProtectionDomain().getCodeSource())
        .map(CodeSource::getLocation)
        .map(String::valueOf)
        .orElse("an unknown place");
  }
}
