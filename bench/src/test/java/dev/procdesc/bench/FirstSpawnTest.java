package dev.procdesc.bench;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.Spawner;
import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/** Limits the classes that a first spawn loads, and so the time that a cold JVM needs for it. */
final class FirstSpawnTest {
  /** The classes of the library: 153 in JARs, 157 in directories on JDK 25. */
  private static final int OWN = 160;

  /** The classes of jffi and jnr-constants: 52 when this was written. */
  private static final int DEPENDENCIES = 54;

  /** The classes of the JDK outside its CDS archive: 85 on JDK 17, 72 on 25; 242 on 17 before. */
  private static final int UNARCHIVED = 100;

  /** The same in the phase {@code test}, where the library is in directories: 101 on JDK 17. */
  private static final int UNARCHIVED_FROM_DIRECTORIES = 105;

  private static boolean isInDirectories() {
    return Spawner.class
        .getProtectionDomain()
        .getCodeSource()
        .getLocation()
        .getPath()
        .endsWith("/");
  }

  private static void limit(
      String what, int most, List<ColdPhases.Loaded> loaded, Predicate<ColdPhases.Loaded> counted) {
    List<String> names =
        loaded.stream().filter(counted).map(ColdPhases.Loaded::name).toList();
    assertTrue(
        names.size() <= most,
        () -> "a first spawn loads " + names.size() + " " + what + ", more than " + most
            + "; bench/README.md explains how to find the cause: " + names);
  }

  @Test
  void firstSpawnLoadsFewClassesAndLinksNoLambda() throws Exception {
    List<ColdPhases.Loaded> loaded = ColdPhases.spawn();
    assertFalse(loaded.isEmpty(), "the JVM logs no classes");
    limit("lambdas, or methods of records, by invokedynamic", 0, loaded, ColdPhases.Loaded::isLink);
    limit("classes of the library", OWN, loaded, ColdPhases.Loaded::isOwn);
    limit("classes of the Flight Recorder", 0, loaded, ColdPhases.Loaded::isOfRecorder);
    limit("classes of jffi", DEPENDENCIES, loaded, ColdPhases.Loaded::isDependency);
    if (loaded.stream().anyMatch(ColdPhases.Loaded::isShared)) {
      int most = isInDirectories() ? UNARCHIVED_FROM_DIRECTORIES : UNARCHIVED;
      limit("classes of the JDK", most, loaded, ColdPhases.Loaded::isUnarchived);
    }
  }
}
