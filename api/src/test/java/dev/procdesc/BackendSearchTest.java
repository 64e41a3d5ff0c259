package dev.procdesc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.BackendSearch.Failure;
import dev.procdesc.BackendSearch.Refusal;
import dev.procdesc.spi.Backend;
import dev.procdesc.spi.LibraryVersion;
import java.io.File;
import java.lang.reflect.Proxy;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import org.junit.jupiter.api.Test;

/** Tests the error for each way in which an application can be put together wrongly. */
final class BackendSearchTest {
  private static final ClassLoader EMPTY = new ClassLoader(null) {};

  /** Has the class of the backend for Linux, as a JAR has whose service files were lost. */
  private static final ClassLoader STRIPPED = new ClassLoader(null) {
    @Override
    protected Class<?> findClass(String name) throws ClassNotFoundException {
      if (name.equals("dev.procdesc.linux.LinuxBackend")) {
        return BackendSearchTest.class;
      }
      throw new ClassNotFoundException(name);
    }
  };

  private static Backend backend(String name, String version, Optional<String> unavailable) {
    return (Backend) Proxy.newProxyInstance(
        Backend.class.getClassLoader(),
        new Class<?>[] {Backend.class},
        (self, method, arguments) -> switch (method.getName()) {
          case "name" -> name;
          case "version" -> version;
          case "unavailable" -> unavailable;
          default -> throw new UnsupportedOperationException(method.getName());
        });
  }

  private static Failure failure(Backend... backends) {
    return assertInstanceOf(Failure.class, BackendSearch.find(List.of(backends).iterator(), ""));
  }

  private static void assertSays(Failure failure, String... words) {
    assertFalse(failure.ofSystem(), failure::toString);
    for (String word : words) {
      assertTrue(failure.message().contains(word), () -> "'" + word + "' is not in: " + failure);
    }
  }

  @Test
  void aBackendOfTheSameVersionIsFound() {
    Backend backend = backend("linux", LibraryVersion.VERSION, Optional.empty());
    Object found = BackendSearch.find(List.of(backend).iterator(), "");
    assertEquals("linux", assertInstanceOf(Platform.class, found).name());
  }

  @Test
  void aBackendOfAnotherVersionIsRefusedBeforeItIsUsed() {
    assertSays(
        failure(
            backend("freebsd", LibraryVersion.VERSION, Optional.of("this is not FreeBSD")),
            backend("linux", "0.0.9", Optional.empty())),
        "The API is of version " + LibraryVersion.VERSION,
        "the backend linux of version 0.0.9",
        "the same version",
        "procdesc-bom");
  }

  @Test
  void aBackendThatCannotBeLoadedIsReportedWithItsCause() {
    Iterator<Backend> backends = new Iterator<>() {
      private int next;

      @Override
      public boolean hasNext() {
        return next < 2;
      }

      @Override
      public Backend next() {
        if (next++ == 0) {
          throw new ServiceConfigurationError(
              "no provider", new NoClassDefFoundError("dev/procdesc/posix/Missing"));
        }
        return backend("freebsd", LibraryVersion.VERSION, Optional.of("this is not FreeBSD"));
      }
    };
    assertSays(
        assertInstanceOf(Failure.class, BackendSearch.find(backends, "")),
        "cannot be loaded (no provider",
        "NoClassDefFoundError: dev/procdesc/posix/Missing",
        LibraryVersion.VERSION,
        "procdesc-bom");
  }

  @Test
  void theApiAloneAsksForTheDependency() {
    assertSays(
        BackendAdvice.failure(List.of(), "linux", EMPTY),
        "The backend for this system",
        "is not on the",
        "Add the dependency dev.procdesc:procdesc:" + LibraryVersion.VERSION);
  }

  @Test
  void theBackendOfAnotherSystemAloneAsksForTheDependency() {
    assertSays(
        BackendAdvice.failure(
            List.of(new Refusal("freebsd", "this is not FreeBSD", true)), "linux", EMPTY),
        "Add the dependency dev.procdesc:procdesc:");
  }

  @Test
  void aLostServiceFileIsNamed() {
    for (List<Refusal> found :
        List.of(List.<Refusal>of(), List.of(new Refusal("freebsd", "not FreeBSD", true)))) {
      assertSays(
          BackendAdvice.failure(found, "linux", STRIPPED),
          "META-INF/services/dev.procdesc.spi.Backend",
          "ServicesResourceTransformer",
          "mergeServiceFiles()");
    }
  }

  @Test
  void anotherSystemIsNotAMistakeOfTheApplication() {
    Failure failure = BackendAdvice.failure(List.of(), "mac os x", STRIPPED);
    assertTrue(failure.ofSystem());
    Refusal refusal = new Refusal("linux", "clone3 is missing", true);
    Failure old = BackendAdvice.failure(List.of(refusal), "linux", STRIPPED);
    assertEquals(
        new Failure("no backend works on this system; linux: clone3 is missing", true), old);
  }

  @Test
  void twoVersionsOnAPathAreFound() {
    for (String artifact : List.of("api", "posix", "linux", "freebsd")) {
      String first = "procdesc-" + artifact + "-0.1.0.jar";
      String second = "procdesc-" + artifact + "-0.2.0-20261129.145408-1.jar";
      String message =
          BackendSearch.severalVersions(path(first, "x.jar", second)).orElseThrow();
      assertTrue(message.contains(first + " and " + second), message);
      assertTrue(message.contains("Remove one of them"), message);
    }
  }

  @Test
  void oneVersionOnAPathIsNot() {
    String api = "procdesc-api-0.1.0.jar";
    for (String path : List.of(
        "",
        path(api),
        path(api, api),
        path(api, "procdesc-linux-0.1.0.jar", "procdesc-posix-0.1.0.jar", "procdesc-0.1.0.jar"),
        path(api, "procdesc-api-0.1.0-sources.jar", "procdesc-api-0.1.0-javadoc.jar"),
        path("procdesc-api-0.1.0/one.jar", "procdesc-api-0.2.0/two.jar"),
        path(api, "procdesc-api-0.2.0.txt", "procdesc-api-"))) {
      assertEquals(Optional.empty(), BackendSearch.severalVersions(path), path);
    }
  }

  private static String path(String... names) {
    return "lib" + File.separator + String.join(File.pathSeparator + "lib" + File.separator, names);
  }
}
