package dev.procdesc.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.procdesc.linux.kernel.Numbers;
import dev.procdesc.posix.ffi.Architecture;
import dev.procdesc.posix.ffi.PosixNumbers;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Compares {@link Numbers} with the headers of the kernel and the C library. */
final class NumbersTest {
  private static final Pattern LINE =
      Pattern.compile("(\\S+) = (.+?) : ([^:]+?)(?: : since ([0-9.]+)| : only (\\S+))?");

  /** The C expression of a number, the kernel that introduced it, and its machine. */
  private record Claim(Cc.Constant constant, Optional<String> since, Optional<String> only) {}

  /** Returns the claims by the names of the numbers. */
  private static Map<String, Claim> claims() throws IOException {
    Map<String, Claim> claims = new LinkedHashMap<>();
    try (InputStream in = NumbersTest.class.getResourceAsStream("numbers.txt")) {
      String text = new String(assertNotNullIn(in).readAllBytes(), StandardCharsets.UTF_8);
      for (String line : text.lines().toList()) {
        if (line.isBlank() || line.startsWith("#")) {
          continue;
        }
        Matcher matcher = LINE.matcher(line);
        assertTrue(matcher.matches(), line);
        String name = matcher.group(1);
        Cc.Constant constant =
            new Cc.Constant(name, matcher.group(2), List.of(matcher.group(3).split(", ", -1)));
        Claim claim = new Claim(
            constant, Optional.ofNullable(matcher.group(4)), Optional.ofNullable(matcher.group(5)));
        assertEquals(null, claims.put(name, claim), "twice: " + name);
      }
    }
    return claims;
  }

  private static <T> T assertNotNullIn(@org.jspecify.annotations.Nullable T value) {
    assertNotNull(value);
    return Objects.requireNonNull(value);
  }

  @Test
  void everyNumberIsClaimed() throws IOException {
    Set<String> missing =
        new LinkedHashSet<>(OnMachine.numbers(Architecture.X86_64.gnuName()).keySet());
    missing.removeAll(claims().keySet());
    assertEquals(Set.of(), missing, "numbers without a line in numbers.txt");
  }

  @Test
  void everyClaimIsOfANumber() throws IOException {
    Set<String> superfluous = new LinkedHashSet<>(claims().keySet());
    superfluous.removeAll(OnMachine.numbers(Architecture.X86_64.gnuName()).keySet());
    assertEquals(Set.of(), superfluous, "lines of numbers.txt without a number");
  }

  @Test
  void theMachineDecides() {
    Map<String, Long> own = OnMachine.numbers(System.getProperty("os.arch"));
    assertEquals(Numbers.SYS_EXECVE, own.get("SYS_EXECVE"));
    assertEquals(59, OnMachine.numbers("amd64").get("SYS_EXECVE"));
    assertEquals(221, OnMachine.numbers("arm64").get("SYS_EXECVE"));
  }

  @TestFactory
  Stream<DynamicNode> ofX86(@TempDir Path directory) throws Exception {
    return ofHeaders("x86_64", directory);
  }

  @TestFactory
  Stream<DynamicNode> ofAarch64(@TempDir Path directory) throws Exception {
    return ofHeaders("aarch64", directory);
  }

  private static Stream<DynamicNode> ofHeaders(String machine, Path directory) throws Exception {
    Map<String, Claim> claims = claims();
    Optional<Cc> compiler = Cc.forMachine(machine);
    assumeTrue(compiler.isPresent(), "no C compiler for " + machine);
    return compare(machine, compiler.get(), directory, claims);
  }

  /**
   * Checks the system calls of aarch64 without a compiler for it: they are those of the generic
   * table, which the headers of every machine contain.
   */
  @TestFactory
  Stream<DynamicNode> systemCallsOfAarch64ByTheGenericTable(@TempDir Path directory)
      throws Exception {
    Map<String, Claim> claims = new LinkedHashMap<>();
    claims().forEach((name, claim) -> {
      if (name.startsWith("SYS_")) {
        String expression = claim.constant.expression();
        claims.put(
            name,
            new Claim(
                new Cc.Constant(name, expression, List.of("asm-generic/unistd.h")),
                claim.since,
                claim.only));
      }
    });
    String host = Architecture.CURRENT.gnuName();
    Optional<Cc> compiler = Cc.forMachine(host);
    assumeTrue(compiler.isPresent(), "no C compiler");
    return compare("aarch64", compiler.get(), directory, claims);
  }

  private static Stream<DynamicNode> compare(
      String machine, Cc compiler, Path directory, Map<String, Claim> all) throws Exception {
    assumeTrue(compiler.hasHeaders(directory), "a C compiler for " + machine + ", but no headers");
    Map<String, Claim> claims = new LinkedHashMap<>(all);
    claims.values().removeIf(claim -> !claim.only.orElse(machine).equals(machine));
    List<Cc.Constant> constants = new ArrayList<>();
    claims.values().forEach(claim -> constants.add(claim.constant));
    Map<String, Long> inC = compiler.values(directory, constants);
    Map<String, Long> inJava = OnMachine.numbers(machine);
    return claims.entrySet().stream().map(entry -> {
      String name = entry.getKey();
      Claim claim = entry.getValue();
      return dynamicTest(name + " on " + machine, () -> {
        Long value = inC.get(name);
        if (value == null && claim.since.isPresent()) {
          assumeTrue(false, name + " is not in these headers: it needs Linux " + claim.since.get());
        }
        assertNotNull(value, () -> claim.constant + " does not compile");
        assertEquals(value, inJava.get(name), () -> claim.constant.toString());
      });
    });
  }

  // ---- layouts that are checked on every machine

  @Test
  void layoutsDoNotContradictThemselves() {
    assertEquals(Numbers.CLONE_ARGS_SIZE_VER0, 8 * Long.BYTES);
    assertEquals(Numbers.CLONE_ARGS_SIZE_VER2, Numbers.CLONE_ARGS_CGROUP + Long.BYTES);
    assertEquals(Numbers.RUSAGE_SIZE, 18 * Long.BYTES);
    assertEquals(PosixNumbers.RUSAGE_NIVCSW, Numbers.RUSAGE_SIZE - Long.BYTES);
    assertEquals(Numbers.PIDFD_INFO_SIZE_VER0, Numbers.PIDFD_INFO_EXIT_CODE + Integer.BYTES);
    assertEquals(Numbers.SIGSET_SIZE * 8, Numbers.NSIG);
    assertEquals(Numbers.EPOLL_EVENT_SIZE, Numbers.EPOLL_EVENT_DATA + Long.BYTES);
  }

  @Test
  void theIoctlIsMadeOfItsParts() {
    // _IOC(direction, type, number, size): 2, 14, 8 and 8 bits.
    long readAndWrite = 3L << 30;
    long size = (long) Numbers.PIDFD_INFO_SIZE_VER0 << 16;
    assertEquals(readAndWrite | size | 0xFF << 8 | 11, Numbers.PIDFD_GET_INFO);
  }

  @Test
  void whatDiffersBetweenMachines() {
    Map<String, Long> x86 = OnMachine.numbers("x86_64");
    Map<String, Long> arm = OnMachine.numbers("aarch64");
    assertEquals(x86.keySet(), arm.keySet());
    Set<String> different = new LinkedHashSet<>();
    x86.forEach((name, value) -> {
      if (!value.equals(arm.get(name)) && !name.startsWith("SYS_")) {
        different.add(name);
      }
    });
    assertEquals(
        Set.of("AUDIT_ARCH", "EPOLL_EVENT_SIZE", "EPOLL_EVENT_DATA", "POSIX.oDirectory"),
        different);
    assertEquals(12, x86.get("EPOLL_EVENT_SIZE"));
    assertEquals(16, arm.get("EPOLL_EVENT_SIZE"));
    assertEquals(0x10000, x86.get("POSIX.oDirectory"));
    assertEquals(0x4000, arm.get("POSIX.oDirectory"));
  }
}
