package dev.procdesc.freebsd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.procdesc.Resource;
import dev.procdesc.freebsd.kernel.Numbers;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.ffi.SocketNumbers;
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

/** Compares {@link Numbers} with the headers of FreeBSD 14.0, on any system. */
final class NumbersTest {
  /** A number in C, and its value from the sources if 14.0 did not print it. */
  private record Claim(String expression, String header, Optional<Long> value) {}

  private static Map<String, Claim> claims() throws IOException {
    Map<String, Claim> claims = new LinkedHashMap<>();
    for (String line : Observed.lines("numbers.txt")) {
      if (line.isBlank() || line.startsWith("#")) {
        continue;
      }
      String[] fields = line.split(" : ", -1);
      int equals = fields[0].indexOf(" = ");
      assertTrue(equals > 0 && (fields.length == 1 || fields.length == 3), line);
      Claim claim = new Claim(
          fields[0].substring(equals + 3),
          fields.length == 1 ? "" : fields[1],
          fields.length == 1 ? Optional.empty() : Optional.of(Long.valueOf(fields[2])));
      assertEquals(null, claims.put(fields[0].substring(0, equals), claim), "twice: " + line);
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
    Map<String, Long> observed = Observed.constants();
    Map<String, Long> numbers = numbers();
    assertTrue(observed.size() > 400, "too little test data");
    return claims().entrySet().stream()
        .map(entry -> dynamicTest(entry.getKey(), () -> {
          Claim claim = entry.getValue();
          Long known = observed.get(claim.expression);
          if (claim.value.isPresent()) {
            assertEquals(
                null, known, "14.0 printed " + claim.expression + ": no value is needed here");
            known = claim.value.get();
          }
          assertNotNull(known, () -> "14.0 did not print " + claim.expression);
          assertEquals(known, numbers.get(entry.getKey()), claim.expression);
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
        "sys/mman.h",
        "sys/procctl.h",
        "sys/procdesc.h",
        "sys/resource.h",
        "sys/socket.h",
        "sys/filio.h",
        "sys/un.h",
        "sys/syscall.h",
        "sys/ttycom.h",
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
        "unistd.h")) {
      source.append("#include <").append(header).append(">\n");
    }
    source.append("int main(void) {\n");
    claims().forEach((name, claim) -> {
      // Macros that the headers of this version lack are omitted; only macros can be tested for.
      boolean macro = claim.value.isPresent() && claim.expression.matches("[A-Za-z_]+");
      source.append(macro ? "#ifdef " + claim.expression + "\n" : "");
      source.append("  printf(\"%s %lld\\n\", \"").append(name).append("\", (long long)(");
      source.append(claim.expression).append("));\n").append(macro ? "#endif\n" : "");
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
    Map<String, Long> observed = Observed.constants();
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
  void theIoctlIsMadeOfItsParts() {
    // _IOW(group, number, int): IOC_IN, 13 bits of size, 8 and 8 bits.
    assertEquals(0x8000_0000L | 4 << 16 | 't' << 8 | 118, Numbers.TIOCSPGRP);
  }
}
