package dev.procdesc.posix.spawn;

import com.kenai.jffi.MemoryIO;
import dev.procdesc.posix.ffi.NativeFunction;
import dev.procdesc.posix.ffi.SystemStrings;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The JVM's environment as bytes, read once when first needed, as in the JDK. Bytes are used
 * because a variable that the JVM cannot decode must reach the child unchanged.
 */
public final class Environment {
  /**
   * The variables that announce the descriptors with which the JVM was started. Its children do not
   * inherit them: they do not get those descriptors.
   */
  static final List<String> LISTENING =
      List.of("LISTEN_PID", "LISTEN_PIDFDID", "LISTEN_FDS", "LISTEN_FDNAMES");

  private static final List<byte[]> INHERITED = read();

  private Environment() {}

  private static List<byte[]> read() {
    MemoryIO memory = MemoryIO.getInstance();
    long variable = NativeFunction.symbol("environ").orElseThrow();
    List<byte[]> all = new ArrayList<>();
    long block = memory.getAddress(variable);
    if (block != 0) {
      for (long at = block; memory.getAddress(at) != 0; at += Long.BYTES) {
        all.add(memory.getZeroTerminatedByteArray(memory.getAddress(at)));
      }
    }
    for (String name : LISTENING) {
      remove(all, name + "=", false);
    }
    return List.copyOf(all);
  }

  /**
   * Removes the entries that start with a text.
   *
   * @param decoded whether those are removed too that do so once the JVM has decoded them
   */
  private static void remove(List<byte[]> entries, String start, boolean decoded) {
    byte[] prefix = SystemStrings.encode(start);
    for (int i = entries.size() - 1; i >= 0; i--) {
      byte[] entry = entries.get(i);
      if (startsWith(entry, prefix)
          || (decoded && SystemStrings.decodeAsJvm(entry).startsWith(start))) {
        entries.remove(i);
      }
    }
  }

  /**
   * Returns the environment of a child.
   *
   * @param inherit whether it starts with the JVM's variables
   * @param changes variables to set, or to remove if empty; a name that the JVM could not decode is
   *     removed whatever its bytes are
   */
  public static List<byte[]> of(boolean inherit, Map<String, Optional<String>> changes) {
    if (changes.isEmpty()) {
      return inherit ? INHERITED : List.of();
    }
    List<byte[]> result = inherit ? new ArrayList<>(INHERITED) : new ArrayList<>();
    for (Map.Entry<String, Optional<String>> change : changes.entrySet()) {
      String start = change.getKey() + "=";
      Optional<String> value = change.getValue();
      remove(result, start, value.isEmpty() && SystemStrings.isLossy(change.getKey()));
      if (value.isPresent()) {
        result.add(SystemStrings.encode(start + value.get()));
      }
    }
    return result;
  }

  /** Returns the variables of the JVM. */
  static List<byte[]> inherited() {
    return INHERITED;
  }

  /** Returns the value of a variable in an environment. */
  public static Optional<byte[]> value(List<byte[]> environment, String name) {
    byte[] prefix = SystemStrings.encode(name + "=");
    for (byte[] entry : environment) {
      if (startsWith(entry, prefix)) {
        return Optional.of(Arrays.copyOfRange(entry, prefix.length, entry.length));
      }
    }
    return Optional.empty();
  }

  private static boolean startsWith(byte[] entry, byte[] prefix) {
    return entry.length >= prefix.length
        && Arrays.equals(entry, 0, prefix.length, prefix, 0, prefix.length);
  }
}
