package dev.procdesc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.spi.LibraryVersion;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Compares the version in the sources and the documents with that of the POMs. */
final class LibraryVersionTest {
  private static final Path ROOT = Path.of("..");

  private static final Pattern POM = Pattern.compile(
      "<artifactId>procdesc-(?:parent|bom)</artifactId>\\s*<version>([^<]+)</version>");

  /** A version after an artifact, in the notations of Maven, of Gradle and of file names. */
  private static final Pattern DOCUMENT =
      Pattern.compile("dev\\.procdesc:procdesc(?:-[a-z]+)*:([^\\s\"')`,]+)"
          + "|<artifactId>procdesc(?:-[a-z]+)*</artifactId>\\s*<version>([^<]+)</version>"
          + "|procdesc(?:-[a-z]+)+-([0-9][^\\s/]*)\\.jar");

  @Test
  void everyPomHasTheVersionOfTheConstant() throws IOException {
    int poms = 0;
    try (Stream<Path> files = Files.find(
        ROOT, 2, (file, attributes) -> file.endsWith("pom.xml") && attributes.isRegularFile())) {
      for (Path file : files.toList()) {
        Matcher version = POM.matcher(Files.readString(file));
        assertTrue(version.find(), file + " has no version");
        assertEquals(LibraryVersion.VERSION, version.group(1), file.toString());
        poms++;
      }
    }
    assertTrue(poms > 10, "only " + poms + " POMs were found");
  }

  @Test
  void everyDocumentHasTheVersionOfThePoms() throws IOException {
    Set<String> wrong = new TreeSet<>();
    int versions = 0;
    for (String document : List.of("README.md", "docs/USING.md")) {
      Matcher found = DOCUMENT.matcher(Files.readString(ROOT.resolve(document)));
      while (found.find()) {
        versions++;
        if (Stream.of(found.group(1), found.group(2), found.group(3))
            .noneMatch(LibraryVersion.VERSION::equals)) {
          wrong.add(document + ": " + found.group());
        }
      }
    }
    assertEquals(Set.of(), wrong);
    assertTrue(versions > 5, "only " + versions + " versions were found");
  }
}
