package dev.procdesc.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.procdesc.Feature;
import dev.procdesc.Platform;
import dev.procdesc.ProbeResult;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class DoctorCommandTest {
  private static final String[] NO_BACKEND = {"-D", "dev.procdesc.backend=none", "doctor"};

  @Test
  void theTableHasEveryFeatureAndMechanism() throws IOException, InterruptedException {
    Pd.Result result = Pd.run("doctor");
    assertEquals(0, result.code(), result.err());
    for (Feature feature : Feature.values()) {
      String word = Platform.current().has(feature) ? "yes" : "no";
      assertTrue(
          result.out().lines().anyMatch(line -> line.matches(feature + " +" + word + " +\\S.*")),
          result.out());
    }
    for (ProbeResult mechanism : Platform.current().mechanisms()) {
      assertTrue(
          result.out().lines().anyMatch(line -> line.startsWith(mechanism.name() + " ")),
          result.out());
    }
    assertTrue(result.out().contains(Platform.current().system()), result.out());
    assertEquals("", result.err());
  }

  @Test
  void jsonHasTheSame() throws IOException, InterruptedException {
    Pd.Result result = Pd.run("doctor", "--json");
    JsonObject json = JsonParser.parseString(result.out()).getAsJsonObject();
    assertTrue(json.get("works").getAsBoolean(), result.out());
    List<String> names = json.getAsJsonArray("features").asList().stream()
        .map(JsonElement::getAsJsonObject)
        .map(feature -> feature.get("name").getAsString())
        .toList();
    assertEquals(Arrays.stream(Feature.values()).map(Enum::name).toList(), names);
    int index = names.indexOf("PEER_DESCRIPTOR");
    JsonObject peer = json.getAsJsonArray("features").get(index).getAsJsonObject();
    assertEquals(
        "Linux 6.5 (SO_PEERPIDFD)",
        peer.getAsJsonArray("since").get(0).getAsString(),
        result.out());
    assertFalse(json.getAsJsonArray("mechanisms").isEmpty());
  }

  @Test
  void theTableHasTheInheritedDescriptors() throws IOException, InterruptedException {
    String none = "inherited +no descriptors by LISTEN_FDS";
    Pd.Result alone = Pd.run("doctor");
    assertTrue(alone.out().lines().anyMatch(line -> line.matches(none)), alone.out());
    Pd.Result named = runWith(Map.of("LISTEN_FDS", "2", "LISTEN_FDNAMES", "job:job.lifeline"));
    assertTrue(
        named
            .out()
            .lines()
            .anyMatch(line -> line.matches("inherited +2 by LISTEN_FDS: job, job.lifeline")),
        named.out());
    Pd.Result other = runWith(Map.of("LISTEN_FDS", "2", "LISTEN_PID", "1"));
    assertTrue(other.out().lines().anyMatch(line -> line.matches(none)), other.out());
    Pd.Result malformed = runWith(Map.of("LISTEN_FDS", "two"));
    assertEquals(0, malformed.code());
    assertTrue(
        malformed.out().lines().anyMatch(line -> line.matches("inherited .*LISTEN_FDS=two.*")),
        malformed.out());
  }

  private static Pd.Result runWith(Map<String, String> environment)
      throws IOException, InterruptedException {
    ProcessBuilder builder = new ProcessBuilder(Pd.command("doctor"));
    builder.environment().putAll(environment);
    try (Pd pd = Pd.start(builder)) {
      pd.stdin().close();
      return pd.end();
    }
  }

  @Test
  void withoutABackendTheTableSaysWhy() throws IOException, InterruptedException {
    Pd.Result result = Pd.run(NO_BACKEND);
    assertEquals(0, result.code());
    for (Feature feature : Feature.values()) {
      assertTrue(
          result.out().lines().anyMatch(line -> line.matches(feature + " +no +\\S.*")),
          result.out());
    }
    assertTrue(
        result.out().lines().anyMatch(line -> line.matches("self-test .*procdesc.backend=none.*")),
        result.out());
    assertTrue(result.err().matches("pd: [^\n]*-Ddev.procdesc.backend=none[^\n]*\n"), result.err());
  }

  @Test
  void checkEndsWith1WithoutABackend() throws IOException, InterruptedException {
    assertEquals(0, Pd.run("doctor", "--check").code());
    assertEquals(
        1, Pd.run("-D", "dev.procdesc.backend=none", "doctor", "--check").code());
  }

  @Test
  void withoutABackendJsonHasTheCause() throws IOException, InterruptedException {
    Pd.Result result = Pd.run("-D", "dev.procdesc.backend=none", "doctor", "--json");
    assertEquals(0, result.code());
    JsonObject json = JsonParser.parseString(result.out()).getAsJsonObject();
    assertFalse(json.get("works").getAsBoolean());
    assertTrue(json.get("cause").getAsString().contains("dev.procdesc.backend"), result.out());
  }

  @Test
  void aStackTraceOnlyOnDemand() throws IOException, InterruptedException {
    Pd.Result result = Pd.run("-D", "dev.procdesc.backend=none", "--stacktrace", "doctor");
    assertTrue(result.err().contains("\n\tat dev.procdesc."), result.err());
  }
}
