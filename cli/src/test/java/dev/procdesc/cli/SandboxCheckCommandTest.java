package dev.procdesc.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.procdesc.Feature;
import dev.procdesc.Platform;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SandboxCheckCommandTest {
  private static final String ALL = "+09:00\nA\nfalse\nown\nclass\npart\nfile\ntrue\n";

  @TempDir
  private Path directory = Path.of("");

  private String classPath = "";

  /**
   * Makes the class path of the application: its archive, those of the library, and a directory
   * with a part that is loaded late.
   */
  @BeforeEach
  void makeClassPath() throws IOException, URISyntaxException {
    Path tests = Path.of(
        LazyApp.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    String name = "dev/procdesc/cli/LazyApp";
    Path parts = Files.createDirectories(directory.resolve("parts/dev/procdesc/cli"));
    Files.copy(tests.resolve("dev/procdesc/cli/LazyPart.class"), parts.resolve("LazyPart.class"));
    Files.writeString(directory.resolve("parts/part.txt"), "part\n");
    Files.writeString(directory.resolve("file.txt"), "file\n");
    Path own = Files.createDirectory(directory.resolve("own"));
    Files.writeString(own.resolve("own.txt"), "own\n");
    List<String> entries = new ArrayList<>();
    entries.add(archive(
        "app", List.of(tests, own), entry -> entry.startsWith(name) || entry.equals("own.txt")));
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
      if (!Files.isDirectory(Path.of(entry))) {
        entries.add(entry);
      } else if (!Path.of(entry).toAbsolutePath().equals(tests)) {
        entries.add(archive("library" + entries.size(), List.of(Path.of(entry)), each -> true));
      }
    }
    entries.add(directory.resolve("parts").toString());
    classPath = String.join(File.pathSeparator, entries);
  }

  private String archive(String name, List<Path> roots, Predicate<String> wanted)
      throws IOException {
    Path archive = directory.resolve(name + ".jar");
    try (OutputStream out = Files.newOutputStream(archive);
        ZipOutputStream zip = new ZipOutputStream(out)) {
      for (Path root : roots) {
        try (Stream<Path> files = Files.walk(root)) {
          for (Path file : files.filter(Files::isRegularFile).toList()) {
            String entry = root.relativize(file).toString();
            if (wanted.test(entry)) {
              zip.putNextEntry(new ZipEntry(entry));
              Files.copy(file, zip);
            }
          }
        }
      }
    }
    return archive.toString();
  }

  private List<String> java(String how) {
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "--enable-native-access=ALL-UNNAMED",
        "-XX:TieredStopAtLevel=1",
        "-XX:+UseSerialGC",
        "-XX:-UsePerfData",
        "-cp",
        classPath,
        LazyApp.class.getName(),
        directory.resolve("file.txt").toString(),
        how);
  }

  private Pd.Result check(String how, String... options) throws IOException, InterruptedException {
    List<String> arguments = new ArrayList<>(List.of("sandbox-check"));
    arguments.addAll(List.of(options));
    arguments.add("--output");
    arguments.add(list().toString());
    arguments.add("--");
    arguments.addAll(java(how));
    return Pd.run(arguments.toArray(String[]::new));
  }

  private Path list() {
    return directory.resolve("list");
  }

  private Pd.Result reallyRun(String how) throws IOException, InterruptedException {
    try (Pd app = Pd.start(new ProcessBuilder(java(how)))) {
      app.stdin().close();
      return app.end();
    }
  }

  private static void requireMode() {
    Assumptions.assumeTrue(
        Platform.current().has(Feature.DESCRIPTOR_ONLY_MODE), "DESCRIPTOR_ONLY_MODE");
  }

  @Test
  void aChecklistThatCannotBeWritten() throws IOException, InterruptedException {
    requireMode();
    Assumptions.assumeTrue(Files.exists(Path.of("/dev/full")), "/dev/full is absent");
    Files.createSymbolicLink(list(), Path.of("/dev/full"));
    Pd.Result result = check("lazy");
    assertEquals(ExitCodes.FAILED, result.code(), result.toString());
    assertTrue(result.err().contains("cannot write " + list()), result.toString());
  }

  @Test
  void eachUseThatFailsIsListedOnce() throws IOException, InterruptedException {
    requireMode();
    Pd.Result result = check("lazy", "--json");
    assertEquals(123, result.code(), result.err());
    assertEquals(ALL, result.out());
    JsonObject json = JsonParser.parseString(Files.readString(list())).getAsJsonObject();
    assertEquals(123, json.get("exitCode").getAsInt());
    List<String> items = json.getAsJsonArray("fails").asList().stream()
        .map(JsonElement::getAsJsonObject)
        .map(
            item -> item.get("group").getAsString() + ": " + item.get("subject").getAsString())
        .toList();
    assertEquals(
        List.of(
            "classes: dev.procdesc.cli.LazyPart",
            "resources and services: part.txt",
            "files: " + directory.resolve("file.txt"),
            "network: localhost"),
        items);
    assertNotEquals(0, reallyRun("lazy").code());
  }

  @Test
  void theChecklistHasThePlaceAndTheRemedy() throws IOException, InterruptedException {
    requireMode();
    assertEquals(123, check("lazy").code());
    String text = Files.readString(list());
    String parts = directory.resolve("parts").toString();
    assertTrue(
        text.contains("\nclasses\n  [ ] dev.procdesc.cli.LazyPart\n      opened for reading "
            + parts
            + "/dev/procdesc/cli/LazyPart.class at dev.procdesc.cli.LazyApp.part(LazyApp.java:"),
        text);
    assertTrue(text.contains("\n      Class.forName(\"dev.procdesc.cli.LazyPart\");\n"), text);
    assertTrue(text.contains("loader.getResourceAsStream(\"part.txt\").readAllBytes()\n"), text);
    assertTrue(text.startsWith("descriptor-only mode that refuses "), text);
    assertTrue(text.lines().findFirst().orElse("").endsWith(": 4 uses would fail"), text);
  }

  @Test
  void anApplicationWithAnEmptyChecklistRunsInTheMode() throws IOException, InterruptedException {
    requireMode();
    Pd.Result result = check("prepared");
    assertEquals(0, result.code(), Files.readString(list()) + result.err());
    assertEquals(ALL, result.out());
    String text = Files.readString(list());
    assertTrue(text.endsWith(": nothing would fail\n"), text);
    Pd.Result run = reallyRun("prepared");
    assertEquals(0, run.code(), run.err());
    assertEquals(ALL, run.out());
  }

  @Test
  void verboseListsAlsoWhatWorks() throws IOException, InterruptedException {
    requireMode();
    assertEquals(0, check("prepared", "--verbose", "--json").code());
    JsonObject json = JsonParser.parseString(Files.readString(list())).getAsJsonObject();
    assertTrue(json.getAsJsonArray("fails").isEmpty());
    // The character set is the only class of its module, which is open.
    JsonObject classes = json.getAsJsonObject("classes");
    assertTrue(classes.has("jrt:/jdk.charsets"), classes::toString);
  }

  @Test
  void anApplicationThatDoesNotEnterTheModeIsAnError() throws IOException, InterruptedException {
    Pd.Result result = check("outside");
    assertEquals(125, result.code());
    assertEquals(ALL, result.out());
    assertTrue(
        result
            .err()
            .contains("pd: the application did not call Platform.enterDescriptorOnlyMode()"),
        result.err());
    assertEquals("", Files.readString(list()));
  }

  /** Returns the subjects and remedies of what would fail, separated by colons. */
  private List<String> remedies() throws IOException {
    return JsonParser.parseString(Files.readString(list()))
        .getAsJsonObject()
        .getAsJsonArray("fails")
        .asList()
        .stream()
        .map(JsonElement::getAsJsonObject)
        .map(item ->
            item.get("subject").getAsString() + ": " + item.get("remedy").getAsString())
        .toList();
  }

  @Test
  void aQueryForWhichNativeCodeOpensFilesIsListed() throws IOException, InterruptedException {
    requireMode();
    Pd.Result result = check("queries", "--json");
    assertEquals(123, result.code(), result.err());
    List<String> remedies = remedies();
    assertTrue(
        remedies.contains("/proc/self/stat: do it beforehand, and keep the result"),
        remedies::toString);
    assertTrue(
        remedies.contains(directory.resolve("file.txt") + ": do it beforehand"),
        remedies::toString);
    // The process by its handle, and the information about it.
    String query = ": query it beforehand, and keep the result";
    assertEquals(
        2, remedies.stream().filter(each -> each.endsWith(query)).count(), remedies::toString);
    String types = "mime.types: call java.nio.file.Files.probeContentType once beforehand";
    assertTrue(remedies.stream().anyMatch(each -> each.endsWith(types)), remedies::toString);
  }

  @Test
  void aQueryIsNotListedWhereFilesArePermitted() throws IOException, InterruptedException {
    requireMode();
    Assumptions.assumeTrue(System.getProperty("os.name").equals("Linux"), "files are refused");
    Pd.Result result = check("queriesWithFiles", "--json");
    assertEquals(0, result.code(), result.err());
    assertEquals(List.of(), remedies());
  }

  @Test
  void anApplicationRunsOnIfTheObservationFails() throws IOException, InterruptedException {
    requireMode();
    Pd.Result result = check("unobservable");
    assertEquals(125, result.code(), result.err());
    assertTrue(result.err().contains("pd: the observation of the JVM failed: "), result.err());
  }

  @Test
  void anApplicationThatDoesNotStartEndsTheTrial() throws IOException, InterruptedException {
    String java = java("lazy").get(0);
    Pd.Result result = Pd.run("sandbox-check", java, "-XX:NoSuchOption=1");
    assertEquals(125, result.code());
    assertEquals(127, Pd.run("sandbox-check", directory + "/java").code());
  }
}
