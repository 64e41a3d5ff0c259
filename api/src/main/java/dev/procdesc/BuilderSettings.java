package dev.procdesc;

import java.io.File;
import java.lang.ProcessBuilder.Redirect;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** Translates the settings of a {@link ProcessBuilder}. */
final class BuilderSettings {
  private BuilderSettings() {}

  static Spawner spawner(ProcessBuilder builder) {
    Spawner spawner = Spawner.named(builder.command(), true)
        .environmentChanges(changes(builder.environment()))
        .stdin(stream(builder.redirectInput()))
        .stdout(stream(builder.redirectOutput()))
        .stderr(builder.redirectErrorStream() ? Stdio.stdout() : stream(builder.redirectError()));
    File directory = builder.directory();
    return directory == null ? spawner : spawner.directory(directory.toPath());
  }

  private static Stdio stream(Redirect redirect) {
    if (redirect.equals(Redirect.DISCARD)) {
      return Stdio.nullDevice();
    }
    return switch (redirect.type()) {
      case PIPE -> Stdio.pipe();
      case INHERIT -> Stdio.inherit();
      case READ -> Stdio.fromFile(file(redirect).toPath());
      case WRITE -> Stdio.toFile(file(redirect).toPath());
      case APPEND -> Stdio.appendTo(file(redirect).toPath());
    };
  }

  private static File file(Redirect redirect) {
    return Objects.requireNonNull(redirect.file(), "the file of a redirect");
  }

  /**
   * Returns the variables that differ from those of this JVM. The others are inherited as bytes,
   * which strings cannot express. Copies are compared, because the maps of the JDK do not find a
   * name that this JVM could not decode.
   */
  private static Map<String, Optional<String>> changes(Map<String, String> environment) {
    Map<String, String> own = new HashMap<>(System.getenv());
    Map<String, String> variables = new HashMap<>(environment);
    Map<String, Optional<String>> changes = new LinkedHashMap<>();
    own.keySet().stream().filter(name -> !variables.containsKey(name)).forEach(name -> {
      changes.put(name, Optional.empty());
    });
    variables.forEach((name, value) -> {
      if (!value.equals(own.get(name))) {
        changes.put(name, Optional.of(value));
      }
    });
    return changes;
  }
}
