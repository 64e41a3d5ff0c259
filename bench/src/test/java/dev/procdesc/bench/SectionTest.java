package dev.procdesc.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SectionTest {
  @TempDir
  private Path directory;

  @Test
  void onlyTheSectionIsReplaced() throws Exception {
    Path document = Files.writeString(
        directory.resolve("README.md"),
        "before\n\n" + Section.BEGIN + "\nold\n\n" + Section.END + "\nafter\n");
    Section.write(document, "new\n");
    assertEquals(
        "before\n\n" + Section.BEGIN + "\nnew\n\n" + Section.END + "\nafter\n",
        Files.readString(document));
  }

  @Test
  void aNewDocumentIsTheSection() throws Exception {
    Path document = directory.resolve("new.md");
    Section.write(document, "text\n");
    assertEquals(Section.BEGIN + "\ntext\n\n" + Section.END, Files.readString(document));
  }

  @Test
  void aDocumentWithoutASectionIsNotChanged() throws Exception {
    Path document = Files.writeString(directory.resolve("other.md"), "text\n");
    assertThrows(IOException.class, () -> Section.write(document, "new\n"));
    assertEquals("text\n", Files.readString(document));
  }

  @Test
  void addressesAreRelative() {
    assertEquals("docs/a.svg", Section.address(Path.of("docs/./a.svg"), Path.of("README.md")));
    assertEquals("a.svg", Section.address(Path.of("docs/a.svg"), Path.of("docs/b.md")));
  }
}
