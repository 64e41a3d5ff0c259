package dev.procdesc.posix.spawn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.posix.ffi.NativeArena;
import dev.procdesc.posix.ffi.NativeFunction;
import dev.procdesc.posix.ffi.SystemStrings;
import dev.procdesc.testing.JavaProgram;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class EnvironmentTest {
  /** Writes its environment, and the environment after changes, to a file. */
  public static final class Dump {
    private Dump() {}

    /** Takes a file for the result, and pairs of a name and a value, or a name only. */
    public static void main(String[] arguments) throws IOException {
      Map<String, Optional<String>> changes = new LinkedHashMap<>();
      for (int i = 1; i < arguments.length; i++) {
        int equals = arguments[i].indexOf('=');
        if (equals < 0) {
          changes.put(arguments[i], Optional.empty());
        } else {
          changes.put(
              arguments[i].substring(0, equals), Optional.of(arguments[i].substring(equals + 1)));
        }
      }
      StringBuilder text = new StringBuilder();
      for (byte[] entry : Environment.of(true, changes)) {
        text.append(HexFormat.of().formatHex(entry)).append('\n');
      }
      Files.writeString(Path.of(arguments[0]), text);
    }
  }

  /** Returns the environment of a JVM that is started with exactly these bytes. */
  private static List<String> dump(Path directory, List<byte[]> environment, String... changes)
      throws IOException {
    Path out = directory.resolve("dump");
    List<String> arguments = new ArrayList<>(List.of(out.toString()));
    arguments.addAll(List.of(changes));
    List<String> command = JavaProgram.command(
        List.of("--enable-native-access=ALL-UNNAMED"),
        Dump.class,
        arguments.toArray(String[]::new));
    // ProcessBuilder has a map of strings, which can hold neither arbitrary bytes nor duplicates.
    try (NativeArena arena = new NativeArena()) {
      long pid = arena.allocate(8).address();
      List<byte[]> argv = command.stream().map(SystemStrings::encode).toList();
      assertEquals(
          0,
          NativeFunction.of("posix_spawn")
              .call(
                  pid,
                  arena.string(command.get(0)),
                  0,
                  0,
                  arena.strings(argv),
                  arena.strings(environment)));
      NativeArena.Place status = arena.allocate(4);
      NativeFunction waitpid = NativeFunction.of("waitpid");
      int child = com.kenai.jffi.MemoryIO.getInstance().getInt(pid);
      assertEquals(child, waitpid.call(child, status.address(), 0));
      assertEquals(0, status.bytes().getInt(status.at()), "wait status");
    }
    return Files.readAllLines(out).stream()
        .map(line -> new String(HexFormat.of().parseHex(line), StandardCharsets.ISO_8859_1))
        .toList();
  }

  private static List<byte[]> bytes(String... entries) {
    List<byte[]> all = new ArrayList<>();
    for (String entry : entries) {
      all.add(entry.getBytes(StandardCharsets.ISO_8859_1));
    }
    return all;
  }

  @Test
  void everyByteIsInherited(@TempDir Path directory) throws Exception {
    StringBuilder all = new StringBuilder("ALL=");
    for (int value = 1; value < 256; value++) {
      all.append((char) value);
    }
    List<String> entries = List.of(
        "PATH=/bin:/usr/bin",
        all.toString(),
        "INVALID\u00FFNAME=\u00FE\u00C0\u0080",
        "EMPTY=",
        "EQUALS=a=b==",
        "no equals sign",
        "=starts with one",
        "LINES=one\ntwo\n");
    assertEquals(entries, dump(directory, bytes(entries.toArray(String[]::new))));
  }

  @Test
  void duplicatesAreInherited(@TempDir Path directory) throws Exception {
    List<String> entries = List.of("A=1", "B=2", "A=3");
    assertEquals(entries, dump(directory, bytes(entries.toArray(String[]::new))));
  }

  @Test
  void changesMeetAllDuplicatesAndNothingElse(@TempDir Path directory) throws Exception {
    List<byte[]> environment = bytes("A=1", "AB=2", "A=3", "B=4", "A", "C=\u00FF", "a=5", "B=6");
    List<String> changed = dump(directory, environment, "A=new", "B", "NOT_THERE", "D=");
    assertEquals(List.of("AB=2", "A", "C=\u00FF", "a=5", "A=new", "D="), changed);
  }

  @Test
  void anEmptyEnvironmentCanBeInherited(@TempDir Path directory) throws Exception {
    assertEquals(List.of(), dump(directory, List.of()));
    assertEquals(List.of("A=b"), dump(directory, List.of(), "A=b"));
  }

  @Test
  void thisJvmsOwnIsInherited() {
    List<byte[]> inherited = Environment.of(true, Map.of());
    Map<String, String> known = System.getenv();
    for (String name : known.keySet()) {
      assertTrue(Environment.value(inherited, name).isPresent(), name);
    }
  }

  @Test
  void nothingIsInheritedUnlessWanted() {
    assertEquals(List.of(), Environment.of(false, Map.of()));
    List<byte[]> set = Environment.of(false, Map.of("A", Optional.of("b=c")));
    assertEquals(1, set.size());
    assertArrayEquals("A=b=c".getBytes(StandardCharsets.US_ASCII), set.get(0));
    assertEquals(List.of(), Environment.of(false, Map.of("A", Optional.empty())));
  }

  @Test
  void changesKeepTheirOrder() {
    Map<String, Optional<String>> changes = new LinkedHashMap<>();
    changes.put("Z", Optional.of("1"));
    changes.put("A", Optional.of("2"));
    changes.put("M", Optional.of("3"));
    List<String> texts =
        Environment.of(false, changes).stream().map(SystemStrings::decode).toList();
    assertEquals(List.of("Z=1", "A=2", "M=3"), texts);
  }

  @Test
  void valueIsThatOfTheFirst() {
    List<byte[]> environment = bytes("PATHS=x", "PATH", "PATH=a", "PATH=b", "EMPTY=");
    assertArrayEquals(new byte[] {'a'}, Environment.value(environment, "PATH").orElseThrow());
    assertEquals(0, Environment.value(environment, "EMPTY").orElseThrow().length);
    assertTrue(Environment.value(environment, "PAT").isEmpty());
    assertTrue(Environment.value(List.of(), "PATH").isEmpty());
  }

  @Test
  void theListsAreNotShared() {
    List<byte[]> before = Environment.of(true, Map.of());
    int size = before.size();
    Environment.of(true, Map.of("PROCDESC_TEST_ONLY", Optional.of("x"))).clear();
    assertEquals(size, Environment.of(true, Map.of()).size());
  }
}
