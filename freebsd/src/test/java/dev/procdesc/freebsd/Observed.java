package dev.procdesc.freebsd;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The output of C programs on FreeBSD 14.0 and 15.1, as test data. */
final class Observed {
  private static final Pattern CONSTANT = Pattern.compile("(.+?) = (-?[0-9]+)(?: \\(.*\\))?");

  private Observed() {}

  /** Returns the lines of a file of test data. */
  static List<String> lines(String name) throws IOException {
    try (InputStream in = Observed.class.getResourceAsStream(name)) {
      return new String(Objects.requireNonNull(in, name).readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .toList();
    }
  }

  /** Returns constants, sizes and offsets by their C expressions. */
  static Map<String, Long> constants(String release) throws IOException {
    Map<String, Long> constants = new LinkedHashMap<>();
    for (String line : lines("constants-" + release + "-amd64.txt")) {
      Matcher matcher = CONSTANT.matcher(line);
      if (matcher.matches()) {
        constants.put(matcher.group(1), Long.valueOf(matcher.group(2)));
      }
    }
    return constants;
  }
}
