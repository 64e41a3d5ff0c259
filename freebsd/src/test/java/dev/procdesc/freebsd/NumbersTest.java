package dev.procdesc.freebsd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.procdesc.Resource;
import dev.procdesc.freebsd.kernel.Numbers;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.ffi.SocketNumbers;
import dev.procdesc.posix.ffi.TerminalNumbers;
import dev.procdesc.testing.Tool;
import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.lang.reflect.RecordComponent;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Compares {@link Numbers} with the headers of FreeBSD 14.0 and 15.1, on any system. */
final class NumbersTest {
  /** The releases on which the test data was printed. */
  private static final List<String> RELEASES = List.of("14.0", "15.1");

  /**
   * A number in C, the releases that printed it, and its value from the sources if none did.
   *
   * @param expression the expression in C
   */
  private record Claim(String expression, List<String> releases, Optional<Long> value) {
    static Claim of(String text) {
      String[] fields = text.split(" : ", -1);
      assertTrue(fields.length == 1 || fields.length == 3, text);
      if (fields.length == 3) {
        return new Claim(fields[0], List.of(), Optional.of(Long.valueOf(fields[2])));
      }
      String[] key = fields[0].split(" @ ", -1);
      return new Claim(key[0], key.length == 1 ? RELEASES : List.of(key[1]), Optional.empty());
    }

    /** Returns the condition under which a compiler finds the number in the headers. */
    String condition() {
      boolean macro = value.isPresent() && expression.matches("[A-Za-z_0-9]+");
      if (macro) {
        return "defined(" + expression + ")";
      }
      if (releases.equals(List.of("14.0"))) {
        return "__FreeBSD_version < 1500000";
      }
      return releases.equals(List.of("15.1")) ? "__FreeBSD_version >= 1501000" : "1";
    }
  }

  private static Map<String, Claim> claims() throws IOException {
    Map<String, Claim> claims = new LinkedHashMap<>();
    for (String line : Observed.lines("numbers.txt")) {
      if (line.isBlank() || line.startsWith("#")) {
        continue;
      }
      int equals = line.indexOf(" = ");
      assertTrue(equals > 0, line);
      Claim claim = Claim.of(line.substring(equals + 3));
      assertEquals(null, claims.put(line.substring(0, equals), claim), "twice: " + line);
    }
    return claims;
  }

  /** Returns all constants of the backend, under the names that the claims use. */
  private static Map<String, Long> numbers() throws ReflectiveOperationException {
    Map<String, Long> values = new LinkedHashMap<>();
    constants(Numbers.class, "", values);
    constants(PosixNumbers.class, "PosixNumbers.", values);
    components("POSIX.", Numbers.POSIX, values);
    components("SOCKETS.", Numbers.SOCKETS, values);
    values.put("SocketNumbers.AF_UNIX", (long) SocketNumbers.AF_UNIX);
    values.put("SocketNumbers.AF_INET", (long) SocketNumbers.AF_INET);
    values.put("SocketNumbers.SOCK_DGRAM", (long) SocketNumbers.SOCK_DGRAM);
    values.put("SocketNumbers.SOCK_STREAM", (long) SocketNumbers.SOCK_STREAM);
    values.put("SocketNumbers.SHUT_RD", (long) SocketNumbers.SHUT_RD);
    values.put("SocketNumbers.SHUT_WR", (long) SocketNumbers.SHUT_WR);
    values.put("SocketNumbers.SOCK_SEQPACKET", (long) SocketNumbers.SOCK_SEQPACKET);
    for (Resource resource : Resource.values()) {
      values.put("rlimit." + resource.name(), (long) Numbers.rlimit(resource));
    }
    return values;
  }

  /**
   * Returns the components that are numbers of the system; choices of the library are no claims.
   */
  private static void components(String prefix, Record numbers, Map<String, Long> values)
      throws ReflectiveOperationException {
    for (RecordComponent component : numbers.getClass().getRecordComponents()) {
      if (component.getAccessor().invoke(numbers) instanceof Number value) {
        values.put(prefix + component.getName(), value.longValue());
      }
    }
  }

  private static void constants(Class<?> type, String prefix, Map<String, Long> values)
      throws IllegalAccessException {
    for (Field field : type.getDeclaredFields()) {
      boolean number = field.getType() == int.class || field.getType() == long.class;
      if (number && Modifier.isStatic(field.getModifiers())) {
        field.setAccessible(true);
        long value = field.getLong(null);
        // A C int above 2^31 is negative in Java; C's EVFILT_* are negative themselves.
        values.put(
            prefix + field.getName(),
            field.getType() == int.class && field.getName().startsWith("NOTE_")
                ? value & 0xFFFF_FFFFL
                : value);
      }
    }
  }

  @Test
  void everyNumberIsClaimed() throws Exception {
    Set<String> missing = new LinkedHashSet<>(numbers().keySet());
    missing.removeAll(claims().keySet());
    assertEquals(Set.of(), missing, "numbers without a line in numbers.txt");
  }

  @Test
  void everyClaimIsOfANumber() throws Exception {
    Set<String> superfluous = new LinkedHashSet<>(claims().keySet());
    superfluous.removeAll(numbers().keySet());
    assertEquals(Set.of(), superfluous, "lines of numbers.txt without a number");
  }

  @TestFactory
  Stream<DynamicNode> numbersAreThoseOfTheHeaders() throws Exception {
    Map<String, Map<String, Long>> observed = new LinkedHashMap<>();
    for (String release : RELEASES) {
      Map<String, Long> constants = Observed.constants(release);
      assertTrue(constants.size() > 400, "too little test data");
      observed.put(release, constants);
    }
    Map<String, Long> numbers = numbers();
    return claims().entrySet().stream()
        .map(entry -> dynamicTest(entry.getKey(), () -> {
          Claim claim = entry.getValue();
          Map<String, Long> expected = new LinkedHashMap<>();
          Map<String, Long> printed = new LinkedHashMap<>();
          Long number = numbers.get(entry.getKey());
          for (String release : RELEASES) {
            Long known = observed.getOrDefault(release, Map.of()).get(claim.expression);
            boolean same = number != null && number.equals(known);
            // A claim for one release says that the other lacks the number, or has another.
            boolean claimed = claim.releases.contains(release) || claim.value.isPresent();
            if (known != null && (same || claimed)) {
              printed.put(release, known);
            }
          }
          claim.releases.forEach(release -> expected.put(release, number));
          assertEquals(expected, printed, () -> claim.expression + " as printed by each release");
          claim.value.ifPresent(value -> assertEquals(value, number, claim.expression));
        }));
  }

  /** Compares the numbers with the headers by a compiler, on FreeBSD itself. */
  @Test
  void numbersAreThoseOfThisSystem(@TempDir Path directory) throws Exception {
    assumeTrue(
        System.getProperty("os.name", "").equals("FreeBSD"), "the headers are those of FreeBSD");
    StringBuilder source = new StringBuilder();
    for (String header : List.of(
        "sys/param.h",
        "sys/capsicum.h",
        "sys/event.h",
        "sys/exterrvar.h",
        "sys/mman.h",
        "sys/procctl.h",
        "sys/proc.h",
        "sys/procdesc.h",
        "sys/resource.h",
        "sys/socket.h",
        "sys/filio.h",
        "sys/un.h",
        "sys/syscall.h",
        "sys/sysctl.h",
        "sys/ttycom.h",
        "sys/user.h",
        "sys/utsname.h",
        "sys/wait.h",
        "elf-hints.h",
        "errno.h",
        "fcntl.h",
        "poll.h",
        "signal.h",
        "spawn.h",
        "stddef.h",
        "stdio.h",
        "termios.h",
        "unistd.h")) {
      source.append("#if __has_include(<").append(header).append(">)\n#include <");
      source.append(header).append(">\n#endif\n");
    }
    source.append("int main(void) {\n");
    claims().forEach((name, claim) -> {
      // Macros that the headers of this version lack are omitted; only macros can be tested for.
      source.append("#if ").append(claim.condition()).append('\n');
      source.append("  printf(\"%s %lld\\n\", \"").append(name).append("\", (long long)(");
      source.append(claim.expression).append("));\n#endif\n");
    });
    source.append("  return 0;\n}\n");
    Path file = Files.writeString(directory.resolve("numbers.c"), source, StandardCharsets.UTF_8);
    Path program = directory.resolve("numbers");
    Optional<String> compiled =
        Tool.run(List.of("cc", "-w", "-o", program.toString(), file.toString()));
    assumeTrue(compiled.isPresent(), "no C compiler that finds the headers");
    Map<String, Long> numbers = numbers();
    for (String line :
        Tool.run(List.of(program.toString())).orElseThrow().lines().toList()) {
      String[] fields = line.split(" ", -1);
      assertEquals(Long.valueOf(fields[1]), numbers.get(fields[0]), fields[0]);
    }
  }

  // ---- layouts that are checked on every system

  @Test
  void messagesAreLaidOutAsOnTheSystem() throws Exception {
    Map<String, Long> observed = Observed.constants("14.0");
    // The layouts that SocketNumbers assumes on every system, and the sizes of the lengths.
    assertEquals(16, observed.get("offsetof(struct msghdr, msg_iov)"));
    assertEquals(24, observed.get("offsetof(struct msghdr, msg_iovlen)"));
    assertEquals(32, observed.get("offsetof(struct msghdr, msg_control)"));
    assertEquals(40, observed.get("offsetof(struct msghdr, msg_controllen)"));
    assertEquals(4, observed.get("offsetof(struct cmsghdr, cmsg_level)"));
    assertEquals(8, observed.get("offsetof(struct cmsghdr, cmsg_type)"));
    assertEquals(16, observed.get("CMSG_LEN(0)"));
    assertEquals(24, observed.get("CMSG_SPACE(4)"));
    assertEquals(2, observed.get("offsetof(struct sockaddr_un, sun_path)"));
  }

  @Test
  void layoutsDoNotContradictThemselves() {
    assertEquals(Numbers.RUSAGE_SIZE, 18 * Long.BYTES);
    assertEquals(PosixNumbers.RUSAGE_NIVCSW, Numbers.RUSAGE_SIZE - Long.BYTES);
    assertEquals(Numbers.WRUSAGE_SIZE, 2 * Numbers.RUSAGE_SIZE);
    assertEquals(Numbers.SIGSET_SIZE * 8, Numbers.NSIG);
    assertEquals(Numbers.KEVENT_SIZE, Numbers.KEVENT_EXT + 4 * Long.BYTES);
  }

  @Test
  void theIoctlsAreMadeOfTheirParts() {
    // _IOR(group, number, struct termios): IOC_OUT, 13 bits of size, 8 and 8 bits.
    assertEquals(0x4000_0000L | Numbers.TERMIOS_SIZE << 16 | 't' << 8 | 19, Numbers.TIOCGETA);
    // _IOW(group, number, int): IOC_IN, 13 bits of size, 8 and 8 bits.
    assertEquals(0x8000_0000L | 4 << 16 | 't' << 8 | 118, Numbers.TIOCSPGRP);
    TerminalNumbers terminal = Numbers.SETUP.terminal();
    assertEquals(0x4000_0000L | 8 << 16 | 't' << 8 | 104, terminal.tiocgwinsz());
    assertEquals(0x8000_0000L | 8 << 16 | 't' << 8 | 103, terminal.tiocswinsz());
    assertEquals(0x4000_0000L | 4 << 16 | 't' << 8 | 119, terminal.tiocgpgrp());
    assertEquals(0x8000_0000L | Numbers.TERMIOS_SIZE << 16 | 't' << 8 | 20, terminal.setModes());
  }
}
