package dev.procdesc.cli;

import dev.procdesc.Limit;
import dev.procdesc.Resource;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.TypeConversionException;

/**
 * A value of {@code --limit}.
 *
 * @param resource the resource
 * @param limit the soft and the hard limit
 */
record LimitOption(Resource resource, Limit limit) {
  /** The names that prlimit(1) and setrlimit(2) use. */
  static final Map<String, Resource> NAMES = new TreeMap<>(Map.of(
      "as", Resource.ADDRESS_SPACE,
      "core", Resource.CORE,
      "cpu", Resource.CPU_SECONDS,
      "data", Resource.DATA,
      "fsize", Resource.FILE_SIZE,
      "memlock", Resource.LOCKED_MEMORY,
      "nofile", Resource.OPEN_FILES,
      "nproc", Resource.PROCESSES,
      "stack", Resource.STACK));

  private static final Pattern FORMAT = Pattern.compile("([a-z]+)=([^:]+)(?::(.+))?");
  private static final Pattern NUMBER = Pattern.compile("([0-9]{1,18})([KMGT]?)");

  /** Reads {@code nofile=256}, {@code as=2G:4G}, {@code core=0:unlimited}. */
  static LimitOption of(String text) {
    Matcher matcher = FORMAT.matcher(text);
    Resource resource = matcher.matches() ? NAMES.get(matcher.group(1)) : null;
    if (resource == null) {
      throw new TypeConversionException(
          "'" + text + "' is not a limit: use NAME=SOFT[:HARD] with a NAME of " + NAMES.keySet());
    }
    OptionalLong soft = number(matcher.group(2));
    OptionalLong hard = matcher.group(3) == null ? soft : number(matcher.group(3));
    try {
      return new LimitOption(resource, new Limit(soft, hard));
    } catch (IllegalArgumentException e) {
      throw new TypeConversionException("'" + text + "': " + e.getMessage());
    }
  }

  private static OptionalLong number(String text) {
    if (text.equals("unlimited")) {
      return OptionalLong.empty();
    }
    Matcher matcher = NUMBER.matcher(text);
    if (matcher.matches()) {
      int shift = 10 * ("KMGT".indexOf(matcher.group(2)) + 1);
      long value = Long.parseLong(matcher.group(1));
      if (matcher.group(2).isEmpty()) {
        return OptionalLong.of(value);
      }
      if (value <= Long.MAX_VALUE >> shift) {
        return OptionalLong.of(value << shift);
      }
    }
    throw new TypeConversionException("'" + text
        + "' is not a limit value: use a number, with K, M, G or T if needed, or unlimited");
  }
}
