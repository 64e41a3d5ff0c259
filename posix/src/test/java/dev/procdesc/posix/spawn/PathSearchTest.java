package dev.procdesc.posix.spawn;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Tests the search for a program, according to the rules of execvp(3). */
final class PathSearchTest {
  private static List<String> candidates(String name, String... environment) {
    List<byte[]> bytes = Stream.of(environment)
        .map(entry -> entry.getBytes(StandardCharsets.ISO_8859_1))
        .toList();
    return new PathSearch(name, bytes)
        .candidates().stream()
            .map(path -> new String(path, StandardCharsets.ISO_8859_1))
            .toList();
  }

  @Test
  void aNameWithASlashIsAPath() {
    for (String path : List.of("/bin/sh", "./sh", "bin/sh", "sh/", "/")) {
      assertEquals(List.of(path), candidates(path, "PATH=/a:/b"));
    }
  }

  @Test
  void otherNamesAreLookedForInOrder() {
    assertEquals(List.of("/a/sh", "/b/c/sh"), candidates("sh", "HOME=/", "PATH=/a:/b/c"));
    assertEquals(List.of("/a/sh"), candidates("sh", "PATH=/a"));
    assertEquals(List.of("rel/sh", "../sh"), candidates("sh", "PATH=rel:.."));
    assertEquals(List.of("/a//sh"), candidates("sh", "PATH=/a/"));
  }

  @Test
  void anEmptyElementIsTheWorkingDirectory() {
    assertEquals(List.of("sh", "/a/sh"), candidates("sh", "PATH=:/a"));
    assertEquals(List.of("/a/sh", "sh"), candidates("sh", "PATH=/a:"));
    assertEquals(List.of("/a/sh", "sh", "/b/sh"), candidates("sh", "PATH=/a::/b"));
    assertEquals(List.of("sh"), candidates("sh", "PATH="));
    assertEquals(List.of("sh", "sh"), candidates("sh", "PATH=:"));
  }

  @Test
  void withoutPathThereIsADefault() {
    assertEquals(List.of("/bin/sh", "/usr/bin/sh"), candidates("sh"));
    assertEquals(List.of("/bin/sh", "/usr/bin/sh"), candidates("sh", "PATHS=/a", "PATH"));
  }

  @Test
  void theFirstOfSeveralCounts() {
    assertEquals(List.of("/a/sh"), candidates("sh", "PATH=/a", "PATH=/b"));
  }

  @Test
  void bytesOfThePathStayAsTheyAre() {
    assertEquals(List.of("/\u00FF\u0080/sh", "/b/sh"), candidates("sh", "PATH=/\u00FF\u0080:/b"));
  }
}
