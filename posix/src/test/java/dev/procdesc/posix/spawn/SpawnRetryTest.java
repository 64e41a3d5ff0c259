package dev.procdesc.posix.spawn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.OnClose;
import dev.procdesc.SpawnException;
import dev.procdesc.SpawnException.Step;
import dev.procdesc.Stdio;
import dev.procdesc.posix.ffi.NativeArena;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.ffi.SystemStrings;
import dev.procdesc.posix.ffi.TestNumbers;
import dev.procdesc.posix.io.PollQueue;
import dev.procdesc.posix.io.Watcher;
import dev.procdesc.spi.Program;
import dev.procdesc.spi.SpawnRequest;
import dev.procdesc.spi.SupplementaryGroups;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Tests a search for a program that takes several attempts, with simulated children. */
final class SpawnRetryTest {
  private static final PosixNumbers NUMBERS = TestNumbers.choose();
  private static final ScriptFailure.Hints NO_HINTS =
      new ScriptFailure.Hints(Map.of(), Map.of(), Map.of(), Map.of());
  private static final Watcher WATCHER = new Watcher(new PollQueue());

  /** The paths that were executed, with or without success. */
  private final List<String> executed = new ArrayList<>();

  private final NativeArena arena = NativeArena.shared();

  private int attempts;

  /** A spawn of "tool", whose child executes each candidate until one cannot be passed over. */
  private final class Simulated implements SpawnRetry.Attempt {
    private final PreparedSpawn spawn;
    private final Map<String, Integer> errors;

    Simulated(SpawnRequest request, Map<String, Integer> errors) throws IOException {
      this.spawn = PreparedSpawn.of(
          request,
          arena,
          ChildDescriptors.open(request.descriptors(), WATCHER, arena, Optional.empty(), () -> {
            throw new AssertionError("no terminal is requested");
          }),
          Optional.empty());
      this.errors = errors;
    }

    @Override
    public PreparedSpawn prepared() {
      return spawn;
    }

    @Override
    public Launcher.Launched make() throws IOException {
      attempts++;
      ChildScript script = new ChildScript();
      List<Long> results = new ArrayList<>();
      int failed = -1;
      for (byte[] candidate : spawn.search().orElseThrow().candidates()) {
        String path = SystemStrings.decode(candidate);
        script.step(new ChildScript.Purpose(Step.EXECUTE, "execve", path), 0);
        if (failed < 0) {
          executed.add(path);
          int errno = errors.getOrDefault(path, 0);
          if (errno == 0) {
            return new Launcher.Launched(3, OptionalLong.of(4), Optional.empty());
          }
          results.add((long) -errno);
          if (errno > 63 || !PathSearch.isPassedOver(errno)) {
            failed = script.size() - 1;
          }
        } else {
          results.add(0L);
        }
      }
      SpawnStub.Run run = new SpawnStub.Run(
          4, failed < 0 ? script.size() : failed, results.size(), List.copyOf(results));
      throw new ScriptFailure(spawn, NO_HINTS).of(script, run);
    }
  }

  private static SpawnRequest tool(String path) {
    return tool(path, OptionalInt.empty());
  }

  private static SpawnRequest tool(String path, OptionalInt controllingTerminal) {
    return new SpawnRequest(
        new Program.Named("tool", false),
        List.of("tool"),
        false,
        Map.of("PATH", Optional.of(path)),
        Optional.empty(),
        Map.of(0, Stdio.inherit()),
        OnClose.RELEASE,
        false,
        OptionalInt.empty(),
        controllingTerminal,
        OptionalInt.empty(),
        Set.of(),
        Set.of(),
        OptionalInt.empty(),
        Map.of(),
        OptionalInt.empty(),
        Optional.empty(),
        Optional.empty(),
        new SupplementaryGroups.OfUser(),
        Optional.empty(),
        false,
        false,
        true,
        List.of());
  }

  @AfterEach
  void freeMemory() {
    arena.close();
  }

  @Test
  void theSearchContinuesAfterAnErrorThatEndsAScript() throws IOException {
    Map<String, Integer> errors = Map.of(
        "/a/tool",
        NUMBERS.estale(),
        "/b/tool",
        NUMBERS.etimedout(),
        "/c/tool",
        PosixNumbers.ENOENT);
    SpawnRetry.make(new Simulated(tool("/a:/b:/c:/d"), errors));
    assertEquals(List.of("/a/tool", "/b/tool", "/c/tool", "/d/tool"), executed);
  }

  @Test
  void theSearchContinuesAfterAMissingDevice() throws IOException {
    Map<String, Integer> errors =
        Map.of("/a/tool", PosixNumbers.ENODEV, "/b/tool", NUMBERS.estale());
    SpawnRetry.make(new Simulated(tool("/a:/b:/c"), errors));
    assertEquals(List.of("/a/tool", "/b/tool", "/c/tool"), executed);
    assertEquals(2, attempts, "a script passes over a missing device itself");
  }

  @Test
  void aDeniedCandidateIsRememberedAcrossAttempts() {
    Map<String, Integer> errors = Map.of(
        "/a/tool",
        PosixNumbers.EACCES,
        "/b/tool",
        NUMBERS.estale(),
        "/c/tool",
        PosixNumbers.ENOENT);
    SpawnException thrown = assertThrows(
        SpawnException.class, () -> SpawnRetry.make(new Simulated(tool("/a:/b:/c"), errors)));
    assertEquals(PosixNumbers.EACCES, thrown.errno());
    assertTrue(thrown.toString().contains("/a/tool"), thrown.toString());
    assertEquals(3, executed.size());
  }

  @Test
  void theLastErrorEndsTheSearch() {
    Map<String, Integer> errors = Map.of("/a/tool", NUMBERS.estale(), "/b/tool", NUMBERS.estale());
    SpawnException thrown = assertThrows(
        SpawnException.class, () -> SpawnRetry.make(new Simulated(tool("/a:/b"), errors)));
    assertEquals(NUMBERS.estale(), thrown.errno());
    assertTrue(thrown.toString().contains("not found in PATH: /a:/b"), thrown.toString());
    assertEquals(2, attempts);
  }

  @Test
  void anErrorOfACandidateEndsTheSearch() {
    Map<String, Integer> errors = Map.of("/a/tool", PosixNumbers.E2BIG);
    SpawnException thrown = assertThrows(
        SpawnException.class, () -> SpawnRetry.make(new Simulated(tool("/a:/b"), errors)));
    assertEquals(PosixNumbers.E2BIG, thrown.errno());
    assertEquals(List.of("/a/tool"), executed);
  }

  @Test
  void aHungUpTerminalEndsTheSearch() {
    SpawnRequest request = tool("/a:/b", OptionalInt.of(0));
    Map<String, Integer> errors = Map.of("/a/tool", NUMBERS.estale());
    SpawnException thrown =
        assertThrows(SpawnException.class, () -> SpawnRetry.make(new Simulated(request, errors)));
    assertEquals(NUMBERS.estale(), thrown.errno());
    assertEquals(List.of("/a/tool"), executed);
  }
}
