package dev.procdesc.posix.ffi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.procdesc.testing.JavaProgram;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class NativeAccessTest {
  private static final String ALLOWED = "--enable-native-access=ALL-UNNAMED";

  private static final String ANSWER = "native access: ";

  /** Prints the cause why native access is unavailable. */
  public static final class Ask {
    private Ask() {}

    /** Runs the program. */
    public static void main(String[] arguments) {
      for (int i = 0; i < 2; i++) {
        System.out.println(ANSWER + NativeAccess.unavailable().orElse("works"));
      }
    }
  }

  /** Does nothing. */
  public static final class Nothing {
    private Nothing() {}

    /** Runs the program. */
    public static void main(String[] arguments) {}
  }

  /** Exits as soon as another thread has begun to unpack the library. */
  public static final class ExitMeanwhile {
    private ExitMeanwhile() {}

    /** Runs the program. */
    public static void main(String[] arguments) throws IOException {
      Thread loading = new Thread(NativeAccess::unavailable);
      loading.setDaemon(true);
      loading.start();
      Path directory = Path.of(System.getProperty("java.io.tmpdir"));
      while (loading.isAlive() && isEmpty(directory)) {
        Thread.onSpinWait();
      }
      System.exit(0);
    }
  }

  private static boolean isEmpty(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.findAny().isEmpty();
    }
  }

  private static String ask(String... options) throws Exception {
    var result = JavaProgram.run(Map.of(), List.of(options), Ask.class);
    assertEquals(0, result.code(), result.out());
    // The JVM may print lines in between.
    List<String> answers =
        result.out().lines().filter(line -> line.startsWith(ANSWER)).toList();
    assertEquals(2, answers.size(), "one line each time: " + result.out());
    assertEquals(answers.get(0), answers.get(1));
    return answers.get(0).substring(ANSWER.length());
  }

  @Test
  void worksHere() {
    assertEquals(Optional.empty(), NativeAccess.unavailable());
  }

  @Test
  void worksOnTheClassPathWithoutAWord() throws Exception {
    assertEquals("works", ask(ALLOWED));
  }

  @Test
  void aDenialNamesTheOption() throws Exception {
    String deny = "--illegal-native-access=deny";
    assumeTrue(
        JavaProgram.run(Map.of(), List.of(deny), Nothing.class).code() == 0,
        "this JVM cannot deny native access: it does not know " + deny);
    String answer = ask(deny);
    assertTrue(answer.contains("denies native access"), answer);
    assertTrue(answer.contains(ALLOWED), answer);
    assertTrue(answer.contains("--enable-native-access=org.jnrproject.jffi"), answer);
    assertEquals("works", ask(deny, ALLOWED), "the remedy");
  }

  @Test
  void aMissingModuleIsNamed() throws Exception {
    String answer = ask(ALLOWED, "--limit-modules=java.base");
    assertTrue(answer.contains("lacks the class java.util.logging.Logger"), answer);
    assertTrue(answer.contains("--add-modules java.logging"), answer);
    assertFalse(answer.contains("noexec"), answer);
    assertEquals("works", ask(ALLOWED, "--limit-modules=java.base,java.logging"), "the remedy");
  }

  @Test
  void onlyAMissingLoggerIsThatOfAModule() {
    String logger = NativeAccess.explain(new NoClassDefFoundError("java/util/logging/Logger"));
    assertTrue(logger.contains("--add-modules java.logging"), logger);
    String other = NativeAccess.explain(new NoClassDefFoundError("org/example/Missing"));
    assertTrue(other.contains("lacks the class org.example.Missing"), other);
    assertFalse(other.contains("java.logging"), other);
  }

  @Test
  void aLibraryThatAToolRemovedIsNamed() {
    String answer = NativeAccess.explain(
        new UnsatisfiedLinkError("could not locate stub library in jar file.  Tried [jni/x]"));
    assertTrue(answer.contains("lacks jffi's native library, jni/"), answer);
    assertTrue(answer.contains("let no tool remove"), answer);
    assertFalse(answer.contains("noexec"), answer);
  }

  @Test
  void theUnpackedLibraryIsDeleted(@TempDir Path directory) throws Exception {
    assertEquals("works", ask(ALLOWED, "-Djava.io.tmpdir=" + directory));
    try (Stream<Path> left = Files.list(directory)) {
      assertEquals(List.of(), left.toList());
    }
  }

  @Test
  void anExitMeanwhileLeavesNoLibrary(@TempDir Path directory) throws Exception {
    for (int round = 0; round < 5; round++) {
      var options = List.of(ALLOWED, "-Djava.io.tmpdir=" + directory);
      var result = JavaProgram.run(Map.of(), options, ExitMeanwhile.class);
      assertEquals(0, result.code(), result.out());
      assertTrue(isEmpty(directory), "a file of the round " + round);
    }
  }

  @Test
  void aMissingTemporaryDirectoryIsNamed(@TempDir Path directory) throws Exception {
    Path missing = directory.resolve("missing");
    String temporary = "-Djava.io.tmpdir=" + missing;
    // jffi tries this directory next.
    String working = "-Duser.dir=" + missing;
    String answer = ask(ALLOWED, temporary, working);
    assertTrue(answer.contains("java.io.tmpdir=" + missing), answer);
    assertTrue(answer.contains("-Djffi.extract.dir="), answer);
    assertTrue(answer.contains(System.getProperty("java.version")), answer);
    assertEquals(
        "works", ask(ALLOWED, temporary, working, "-Djffi.extract.dir=" + directory), "the remedy");
  }

  @Test
  void aLibraryThatCannotBeLoadedIsExplained(@TempDir Path directory) throws Exception {
    // Behaves as a file system that is mounted noexec, which would need privileges.
    Path file = Files.createFile(directory.resolve("not a directory"));
    String answer = ask(ALLOWED, "-Djffi.extract.dir=" + file);
    assertTrue(answer.contains("cannot be loaded"), answer);
    assertTrue(answer.contains("noexec"), answer);
  }
}
