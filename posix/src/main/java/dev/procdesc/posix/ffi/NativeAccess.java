package dev.procdesc.posix.ffi;

import com.kenai.jffi.Library;
import dev.procdesc.spi.LibraryVersion;
import java.util.Optional;

/** Checks that native code can be called, and explains the cause and the remedy if it cannot. */
public final class NativeAccess {
  private NativeAccess() {}

  /**
   * Returns the cause and the remedy if native calls do not work; empty if they do.
   *
   * @param version the version of the backend
   * @throws LinkageError if this module is of another version
   */
  public static Optional<String> unavailable(String version) {
    if (!version.equals(LibraryVersion.VERSION)) {
      throw new IncompatibleClassChangeError("procdesc-posix is of version "
          + LibraryVersion.VERSION
          + ", and the backend of version "
          + version);
    }
    return unavailable();
  }

  static Optional<String> unavailable() {
    return Outcome.PROBLEM;
  }

  /** Explains why native code cannot be called. */
  static String explain(Throwable thrown) {
    Throwable cause = thrown;
    StringBuilder all = new StringBuilder(String.valueOf(thrown.getMessage()));
    while (cause.getCause() != null && cause.getCause() != cause) {
      cause = cause.getCause();
      all.append("; ").append(cause.getMessage());
    }
    if (cause instanceof NoClassDefFoundError || cause instanceof ClassNotFoundException) {
      String name = String.valueOf(cause.getMessage()).replace('/', '.');
      return "this Java installation lacks the class "
          + name
          + ", which jffi needs"
          + (name.startsWith("java.util.logging.")
              ? "; a run-time image made by jlink must contain the module java.logging:"
                  + " --add-modules java.logging"
              : "; a run-time image made by jlink must contain its module, and the class path"
                  + " its JAR");
    }
    // Joined here, because a tool that relocates classes changes such names in constants too.
    String home = String.join(".", "com", "kenai", "jffi");
    if (!Library.class.getPackageName().equals(home)) {
      return "a tool renamed the classes of jffi ("
          + Library.class.getName()
          + "), whose names are in its native library; exclude "
          + home
          + " from the relocation";
    }
    String text = all.toString().strip();
    if (text.contains("could not locate stub library")) {
      return "the path lacks jffi's native library, "
          + JffiLibrary.RESOURCE
          + "; let no tool remove the files below jni, and add com.github.jnr:jffi with the classifier"
          + " native if it is missing";
    }
    String where = System.getProperty("os.name")
        + " "
        + System.getProperty("os.arch")
        + ", Java "
        + System.getProperty("java.version");
    if (text.contains("llegal native access")
        || text.contains("restricted method")
        || text.contains("IllegalCallerException")
        || cause instanceof IllegalCallerException) {
      return "the JVM denies native access to jffi; start it with"
          + " --enable-native-access=ALL-UNNAMED (on the module path:"
          + " --enable-native-access=org.jnrproject.jffi)";
    }
    return "jffi's native library cannot be loaded ("
        + where
        + "): "
        + text.lines().findFirst().orElse("no reason given").replaceFirst("[.]$", "")
        + "; it is extracted to java.io.tmpdir="
        + System.getProperty("java.io.tmpdir")
        + ", which must be writable and not mounted noexec: choose another directory with"
        + " -Djffi.extract.dir=DIR, or unpack the library beforehand and name its directory with"
        + " -Djffi.boot.library.path=DIR";
  }

  private static final class Outcome {
    static final Optional<String> PROBLEM = probe();

    private static Optional<String> probe() {
      try {
        JffiLibrary.load();
        if (Library.getDefault().getSymbolAddress("getpid") == 0) {
          return Optional.of("jffi loaded but finds no symbols of the C library");
        }
        return Optional.empty();
      } catch (LinkageError | RuntimeException e) {
        return Optional.of(explain(e));
      }
    }
  }
}
