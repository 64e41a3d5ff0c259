package dev.procdesc.posix.spawn;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.ffi.SystemStrings;
import dev.procdesc.posix.ffi.TestNumbers;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Tests the search for a program by the C library's spawn function, which is simulated. */
final class PosixSpawnTest {
  private static final PosixNumbers NUMBERS = TestNumbers.choose();

  /** The paths that were executed, with or without success. */
  private final List<String> executed = new ArrayList<>();

  /** Searches for "tool" in /a, /b and /c; returns the error number. */
  private int search(Map<String, Integer> errors) {
    PathSearch search = new PathSearch("tool", List.of(SystemStrings.encode("PATH=/a:/b:/c")));
    return PosixSpawn.search(search, candidate -> {
      String path = SystemStrings.decode(candidate);
      executed.add(path);
      return errors.getOrDefault(path, 0);
    });
  }

  @Test
  void theSearchContinuesAfterAFileSystemThatDoesNotAnswer() {
    for (int errno : new int[] {
      NUMBERS.estale(),
      NUMBERS.etimedout(),
      PosixNumbers.ENODEV,
      PosixNumbers.EACCES,
      PosixNumbers.ENOENT
    }) {
      executed.clear();
      assertEquals(0, search(Map.of("/a/tool", errno)), "after " + errno);
      assertEquals(List.of("/a/tool", "/b/tool"), executed);
    }
  }

  @Test
  void aDeniedCandidateExplainsAFailedSearch() {
    int denied = search(Map.of(
        "/a/tool",
        PosixNumbers.EACCES,
        "/b/tool",
        NUMBERS.estale(),
        "/c/tool",
        PosixNumbers.ENODEV));
    assertEquals(PosixNumbers.EACCES, denied);
    assertEquals(3, executed.size());
  }

  @Test
  void theLastErrorExplainsAFailedSearch() {
    int last = search(Map.of(
        "/a/tool",
        PosixNumbers.ENOENT,
        "/b/tool",
        PosixNumbers.ENODEV,
        "/c/tool",
        NUMBERS.estale()));
    assertEquals(NUMBERS.estale(), last);
  }

  @Test
  void anErrorOfACandidateEndsTheSearch() {
    assertEquals(
        PosixNumbers.E2BIG,
        search(Map.of("/a/tool", PosixNumbers.EACCES, "/b/tool", PosixNumbers.E2BIG)));
    assertEquals(List.of("/a/tool", "/b/tool"), executed);
  }
}
