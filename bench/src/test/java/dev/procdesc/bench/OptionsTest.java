package dev.procdesc.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class OptionsTest {
  private static Options parse(String... arguments) {
    return Options.parse(List.of(arguments), Set.of("spawn"));
  }

  private static String refused(String... arguments) {
    return String.valueOf(
        assertThrows(IllegalArgumentException.class, () -> parse(arguments)).getMessage());
  }

  @Test
  void allAreTaken() {
    Options options =
        parse("--quick", "--json", "x.json", "--only", "spawn", "--baseline", "old.jar");
    assertTrue(options.quick());
    assertEquals(Set.of("spawn"), options.only());
    assertEquals(OptionalInt.empty(), options.soak());
    assertEquals(Optional.of(Path.of("x.json")), options.path(Options.PathOption.JSON));
    assertEquals(Optional.of(Path.of("old.jar")), options.path(Options.PathOption.BASELINE));
    assertEquals(Optional.empty(), options.path(Options.PathOption.PD));
    assertEquals(OptionalInt.of(1000), parse("--soak", "1000").soak());
  }

  @Test
  void wrongOnesAreRefused() {
    assertEquals("unknown benchmark other; the benchmarks are spawn", refused("--only", "other"));
    assertEquals("--json requires a value", refused("--json"));
    assertEquals("unknown option --fast", refused("--fast"));
    assertEquals("unknown option --JSON", refused("--JSON", "x"));
    assertEquals("--soak x: not a number", refused("--soak", "x"));
    assertEquals("--soak 99: at least 100", refused("--soak", "99"));
    assertEquals(
        "--soak replaces the benchmarks that --only names",
        refused("--soak", "100", "--only", "spawn"));
  }
}
