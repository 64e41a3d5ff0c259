package dev.procdesc.posix.ffi;

import com.kenai.jffi.Library;
import java.net.URI;
import java.net.URL;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The simulation of FreeBSD on Linux, for tests: a library whose functions replace those of the C
 * library, so that the backend for FreeBSD runs on Linux. This class is the only code that
 * distinguishes the simulation from a system.
 *
 * <p>The simulation is active only if {@code -Ddev.procdesc.backend=freebsd} selects the backend,
 * and the library is on the class path, as the file {@value #LIBRARY} in a directory. No artifact
 * of this project contains the library: {@code ci/freebsd-sim} and the tests build it.
 */
public final class Simulation {
  /** The name of the library as a resource. */
  public static final String LIBRARY = "dev/procdesc/simulation/libfreebsd-sim.so";

  /** The function of the library that takes the place of the spawn stub's machine code. */
  private static final String STUB = "procdesc_spawn_stub";

  /** The function that returns the address of the page of that function. */
  private static final String STUB_PAGE = "procdesc_spawn_stub_page";

  private Simulation() {}

  /** Opens the library at its first use, which needs native access. */
  private static final class Opened {
    static final Optional<Library> LIBRARY = open();
  }

  /** Returns whether the backend for FreeBSD runs on the simulation; calls nothing native. */
  public static boolean isPresent() {
    return find().isPresent();
  }

  /** Returns the simulation's substitute for the machine code of the spawn stub. */
  public static Optional<NativeFunction> stub() {
    return symbol(STUB).map(NativeFunction::at);
  }

  /** Returns the address of the page of the substitute for the machine code of the spawn stub. */
  public static long stubPage() {
    return NativeFunction.at(symbol(STUB_PAGE).orElseThrow()).callRaw(0);
  }

  /** Returns the address of a function that replaces one of the C library. */
  static Optional<Long> symbol(String name) {
    return !isRequested() || Opened.LIBRARY.isEmpty()
        ? Optional.empty()
        : NativeFunction.symbol(Opened.LIBRARY.get(), name);
  }

  private static boolean isRequested() {
    return System.getProperty("dev.procdesc.backend", "").equals("freebsd");
  }

  private static Optional<Path> find() {
    if (!isRequested()) {
      return Optional.empty();
    }
    URL library = ClassLoader.getSystemResource(LIBRARY);
    return library == null || !library.getProtocol().equals("file")
        ? Optional.empty()
        : Optional.of(Path.of(URI.create(library.toString())));
  }

  private static Optional<Library> open() {
    Optional<Path> file = find();
    if (file.isEmpty()) {
      return Optional.empty();
    }
    Library library = Library.openLibrary(file.get().toString(), Library.NOW | Library.LOCAL);
    if (library == null) {
      throw new UnsatisfiedLinkError(file.get() + ": " + Library.getLastError());
    }
    return Optional.of(library);
  }
}
