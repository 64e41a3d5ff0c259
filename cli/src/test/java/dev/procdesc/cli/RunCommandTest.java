package dev.procdesc.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.procdesc.Feature;
import dev.procdesc.Platform;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.ProcessIdentity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class RunCommandTest {
  @TempDir
  private Path directory = Path.of("");

  @Test
  void endsWithTheCommandsCode() throws IOException, InterruptedException {
    assertEquals(new Pd.Result(3, "hi\n", ""), Pd.run("run", "--", "sh", "-c", "echo hi; exit 3"));
  }

  @Test
  void endsWith128AndTheSignal() throws IOException, InterruptedException {
    assertEquals(new Pd.Result(143, "", ""), Pd.run("run", "sh", "-c", "kill -TERM $$"));
  }

  @Test
  void whatIsBehindTheCommandIsItsOwn() throws IOException, InterruptedException {
    assertEquals(
        "-n --json @x -- --\n",
        Pd.run("run", "printf", "%s %s %s %s %s\n", "-n", "--json", "@x", "--", "--")
            .out());
    assertEquals(
        "-- --help\n", Pd.run("run", "--", "printf", "%s %s\n", "--", "--help").out());
  }

  @Test
  void theCommandReadsStandardInput() throws IOException, InterruptedException {
    try (Pd pd = Pd.start("run", "cat")) {
      pd.type("Grüße\n");
      pd.stdin().close();
      assertEquals(new Pd.Result(0, "Grüße\n", ""), pd.end());
    }
  }

  @Test
  void notFoundIs127() throws IOException, InterruptedException {
    for (String name : List.of("no-such-command", directory + "/none")) {
      Pd.Result result = Pd.run("run", name);
      assertEquals(127, result.code(), result.err());
      assertTrue(result.err().matches("pd: [^\n]*" + name + "[^\n]*\n"), result.err());
    }
  }

  @Test
  void notExecutableIs126() throws IOException, InterruptedException {
    Path plain = Files.writeString(directory.resolve("plain"), "text");
    Path nonsense = Files.writeString(directory.resolve("nonsense"), "\1\2\3");
    assertTrue(nonsense.toFile().setExecutable(true));
    for (Path path : List.of(plain, nonsense, directory)) {
      Pd.Result result = Pd.run("run", path.toString());
      assertEquals(126, result.code(), result.err());
      assertTrue(result.err().matches("pd: [^\n]*" + path + "[^\n]*\n"), result.err());
    }
  }

  /** A shell would run it. */
  @Test
  void aScriptWithoutAFirstLineIs126() throws IOException, InterruptedException {
    Path script = Files.writeString(directory.resolve("script"), "echo hi\n");
    assertTrue(script.toFile().setExecutable(true));
    Pd.Result result = Pd.run("run", script.toString());
    assertEquals(126, result.code(), result.err());
    assertEquals("", result.out());
    assertTrue(result.err().matches("pd: [^\n]*#![^\n]*\n"), result.err());
    assertEquals(new Pd.Result(0, "hi\n", ""), Pd.run("run", "--", "sh", script.toString()));
  }

  @Test
  void theGroupsAreKeptInAUserNamespace() throws IOException, InterruptedException {
    List<String> namespace = List.of("unshare", "-Ur");
    List<String> probe = new ArrayList<>(namespace);
    probe.add("true");
    assumeTrue(Pd.exitCode(probe) == 0, "no user namespace");
    for (String option : List.of("--keep-groups", "--no-autoreap")) {
      List<String> command = new ArrayList<>(namespace);
      command.addAll(Pd.command("run", "--user", "0", option, "--", "id", "-u"));
      try (Pd pd = Pd.startInForeground(command)) {
        Pd.Result result = pd.end();
        if (option.equals("--keep-groups")) {
          assertEquals(new Pd.Result(0, "0\n", ""), result);
        } else {
          assertEquals(ExitCodes.FAILED, result.code(), result.toString());
          assertTrue(result.err().contains("--keep-groups"), result.err());
        }
      }
    }
  }

  @Test
  void aReplacementCharacterIsNamed() throws IOException, InterruptedException {
    Pd.Result result = runWithBytes("--argv0=\\0357\\0277\\0275", "run");
    assertEquals(64, result.code(), result.toString());
    assertTrue(result.err().contains("U+FFFD"), result.err());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--cwd /no/such/directory",
        "--user no-such-user",
        "--group no-such-group",
        "--stdin file:/no/such/file",
        "--usage --output /no/such/directory/file"
      })
  void whatPdCannotDoIs125(String options) throws IOException, InterruptedException {
    Pd.Result result = Pd.run(("run " + options + " echo done").split(" "));
    assertEquals(125, result.code(), result.err());
    assertEquals("", result.out());
    assertTrue(result.err().matches("pd: [^\n]*no[-/]such[^\n]*\n"), result.err());
  }

  @Test
  void aTimeoutIs124() throws IOException, InterruptedException {
    try (Pd pd = Pd.start("run", "--timeout", "200ms", "--kill-after", "1h", "cat")) {
      assertEquals(new Pd.Result(124, "", ""), pd.end());
    }
  }

  @Test
  void aTimeoutThatTheCommandIgnoresIs137() throws IOException, InterruptedException {
    Assumptions.assumeTrue(
        Platform.current().has(Feature.CHILD_SETUP), "lacks " + Feature.CHILD_SETUP);
    // What is ignored when pd starts is ignored by the command from its birth.
    List<String> deaf = new ArrayList<>(List.of("sh", "-c", "trap '' TERM; exec \"$@\"", "sh"));
    deaf.addAll(Pd.command("run", "-t", "200ms", "-k", "10ms", "--json", "cat"));
    try (Pd pd = Pd.start(new ProcessBuilder(deaf))) {
      Pd.Result result = pd.end();
      assertEquals(137, result.code(), result.err());
      JsonObject json = JsonParser.parseString(result.err()).getAsJsonObject();
      assertTrue(json.get("timedOut").getAsBoolean());
      assertTrue(json.get("killedAfterTimeout").getAsBoolean());
      assertEquals(137, json.get("exitCode").getAsInt());
      assertEquals(
          "SIGKILL", json.getAsJsonObject("status").get("signal").getAsString(), result.err());
    }
  }

  @Test
  void aCommandThatEndsInTimeKeepsItsCode() throws IOException, InterruptedException {
    assertEquals(
        new Pd.Result(7, "", ""), Pd.run("run", "--timeout", "100000d", "sh", "-c", "exit 7"));
  }

  @Test
  void jsonIsOneLineBehindTheCommandsOwn() throws IOException, InterruptedException {
    Pd.Result result = Pd.run("run", "--json", "sh", "-c", "echo out; echo err >&2; exit 3");
    assertEquals(3, result.code());
    assertEquals("out\n", result.out());
    List<String> lines = result.err().lines().toList();
    assertEquals("err", lines.get(0));
    assertEquals(2, lines.size(), result.err());
    JsonObject json = JsonParser.parseString(lines.get(1)).getAsJsonObject();
    assertEquals("sh", json.getAsJsonArray("command").get(0).getAsString());
    assertTrue(json.get("pid").getAsLong() > 0);
    assertEquals(Platform.current().has(Feature.UNIQUE_IDENTITY), json.has("identity"));
    assertEquals("exited", json.getAsJsonObject("status").get("kind").getAsString());
    assertEquals(3, json.getAsJsonObject("status").get("code").getAsInt());
    assertFalse(json.get("timedOut").getAsBoolean());
    assertTrue(json.get("wallSeconds").getAsDouble() > 0);
    if (Platform.current().has(Feature.RESOURCE_USAGE)) {
      JsonObject usage = json.getAsJsonObject("usage");
      assertTrue(usage.get("maxResidentBytes").getAsLong() > 0, result.err());
    }
  }

  @Test
  void jsonOfACommandThatDidNotStart() throws IOException, InterruptedException {
    Path report = directory.resolve("report");
    Pd.Result result = Pd.run("run", "--json", "-o", report.toString(), "no-such-command");
    assertEquals(127, result.code());
    JsonObject json = JsonParser.parseString(Files.readString(report)).getAsJsonObject();
    assertEquals("not-started", json.getAsJsonObject("status").get("kind").getAsString());
    assertEquals("EXECUTE", json.getAsJsonObject("status").get("step").getAsString());
    assertEquals(127, json.get("exitCode").getAsInt());
  }

  @Test
  void usageIsATable() throws IOException, InterruptedException {
    Assumptions.assumeTrue(
        Platform.current().has(Feature.RESOURCE_USAGE), "lacks " + Feature.RESOURCE_USAGE);
    Path report = directory.resolve("report");
    Pd.Result result = Pd.run("run", "--usage", "--output", report.toString(), "false");
    assertEquals(new Pd.Result(1, "", ""), result);
    String table = Files.readString(report);
    assertTrue(table.startsWith("status     exited with 1\n"), table);
    for (String row : List.of("wall", "user", "system", "max RSS", "faults", "switches")) {
      assertTrue(table.lines().anyMatch(line -> line.matches(row + " +(at most )?[0-9].*")), table);
    }
  }

  @Test
  void environment() throws IOException, InterruptedException {
    Pd.Result result =
        Pd.run("run", "--clear-env", "-e", "A=b=c", "-e", "EMPTY=", "-e", "PD_NONE", "env");
    assertEquals(new Pd.Result(0, "A=b=c\nEMPTY=\n", ""), result);
    assertEquals(
        "gone\n",
        Pd.run("run", "--unset-env", "PATH", "sh", "-c", "env | grep -q ^PATH= || echo gone")
            .out());
  }

  @Test
  void standardStreams() throws IOException, InterruptedException {
    Path in = Files.writeString(directory.resolve("in"), "text\n");
    Path out = directory.resolve("out");
    Pd.Result result = Pd.run(
        "run",
        "--stdin=file:" + in,
        "--stdout=append:" + out,
        "--stderr=stdout",
        "sh",
        "-c",
        "cat; echo error >&2");
    assertEquals(new Pd.Result(0, "", ""), result);
    assertEquals("text\nerror\n", Files.readString(out));
    assertEquals(125, Pd.run("run", "--stdout=new:" + out, "true").code());
  }

  @Test
  void aDescriptorOfTheJvmsOwnIsNotHandedOn() throws IOException, InterruptedException {
    Assumptions.assumeTrue(Files.isDirectory(Path.of("/proc/self/fdinfo")), "/proc is absent");
    for (String fd : List.of("fd:3", "fd:4000")) {
      Pd.Result result = Pd.run("run", "--stdin", fd, "true");
      assertEquals(64, result.code());
      assertTrue(result.err().contains("was not given to pd"), result.err());
    }
  }

  @Test
  void settings() throws IOException, InterruptedException {
    Assumptions.assumeTrue(
        Platform.current().has(Feature.CHILD_SETUP), "lacks " + Feature.CHILD_SETUP);
    Pd.Result result = Pd.run(
        "run",
        "--limit=nofile=64:128",
        "--umask=027",
        "--argv0=zero",
        "--cwd=" + directory.toRealPath(),
        "--nice=5",
        "sh",
        "-c",
        "ulimit -Sn; ulimit -Hn; umask; echo $0; pwd; nice");
    assertEquals("64\n128\n0027\nzero\n" + directory.toRealPath() + "\n5\n", result.out());
  }

  @Test
  void aDetachedCommandLivesOn() throws IOException, InterruptedException {
    Path in = fifo("in");
    Path out = fifo("out");
    Pd.Result result = Pd.run(
        "run", "--detach", "sh", "-c", "read -r x <'" + in + "'; echo got $x >'" + out + "'");
    assertEquals(0, result.code(), result.err());
    assertTrue(result.out().matches("[0-9]+\n"), result.out());
    Files.writeString(in, "mail\n");
    assertEquals("got mail\n", Files.readString(out));
  }

  @Test
  void theIdentityOfADetachedCommand() throws IOException, InterruptedException {
    for (Feature feature : new Feature[] {Feature.OPEN_PROCESS, Feature.UNIQUE_IDENTITY}) {
      assumeTrue(Platform.current().has(feature), "lacks " + feature);
    }
    Pd.Result result = Pd.run("run", "--detach", "--identity", "--json", "sleep", "1000");
    assertEquals(0, result.code(), result.err());
    ProcessIdentity identity = ProcessIdentity.parse(result.out().strip());
    JsonObject json = JsonParser.parseString(result.err()).getAsJsonObject();
    assertEquals(identity.toString(), json.get("identity").getAsString());
    assertEquals(identity.pid(), json.get("pid").getAsLong());
    try (ProcessDescriptor opened = ProcessDescriptor.open(identity)) {
      assertTrue(opened.kill());
    }
    assertEquals(64, Pd.run("run", "--identity", "true").code());
  }

  @Test
  void onCloseIsChosen() throws IOException, InterruptedException {
    for (String choice : new String[] {"kill", "release", "kill-group"}) {
      assertEquals(
          new Pd.Result(3, "", ""),
          Pd.run("run", "--session", "--on-close", choice, "sh", "-c", "exit 3"));
    }
    Pd.Result unknown = Pd.run("run", "--on-close", "never", "true");
    assertEquals(64, unknown.code(), unknown.err());
    assertTrue(unknown.err().contains("kill-cgroup"), unknown.err());
    assertEquals(64, Pd.run("run", "--detach", "--on-close", "kill", "true").code());
  }

  /** Runs pd in a UTF-8 locale, with a last option and a variable A that are not UTF-8. */
  private Pd.Result runWithBytes(String option, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(
        "sh",
        "-c",
        "A=$(printf 'a\\351'); export A; o=$(printf %b \"$1\"); shift; exec \"$@\" ${o:+\"$o\"} -- sh"
            + " -c 'printf %s \"$A\" | od -An -tx1'",
        "sh",
        option));
    command.addAll(Pd.command(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile());
    builder.environment().put("LC_ALL", "C.UTF-8");
    try (Pd pd = Pd.start(builder)) {
      return pd.end();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--stdout=file:\\0351",
        "--stdout=append:\\0351",
        "--stdin=file:\\0351",
        "--output=\\0351",
        "--env=B=\\0351",
        "--env=\\0351",
        "--unset-env=\\0351",
        "--argv0=\\0351",
        "--cwd=\\0351",
        "--user=\\0351"
      })
  void bytesThatAreNotTextAreRefused(String option) throws IOException, InterruptedException {
    Pd.Result result = runWithBytes(option, "run", "--json");
    assertEquals(64, result.code(), result.toString());
    assertEquals("", result.out());
    assertTrue(result.err().matches("pd: an argument has bytes [^\n]*\n"), result.err());
    try (Stream<Path> files = Files.list(directory)) {
      assertEquals(List.of(), files.toList());
    }
  }

  @Test
  void aVariableThatIsNotTextIsInheritedOrRefused() throws IOException, InterruptedException {
    assertEquals(new Pd.Result(0, " 61 e9\n", ""), runWithBytes("", "run"));
    assertEquals(new Pd.Result(0, " 61 e9\n", ""), runWithBytes("", "run", "--env", "A"));
    for (String removal : List.of("--clear-env", "--unset-env=A")) {
      Pd.Result result = runWithBytes("", "run", removal, "--env", "A");
      assertEquals(125, result.code(), result.toString());
      assertEquals("", result.out());
      assertTrue(result.err().matches("pd: the variable A has bytes [^\n]*\n"), result.err());
    }
  }

  private Path fifo(String name) throws IOException, InterruptedException {
    Path path = directory.resolve(name);
    assertEquals(0, new ProcessBuilder("mkfifo", path.toString()).start().waitFor());
    return path;
  }

  @Test
  void theSandboxHoldsForTheCommand() throws Exception {
    assumeTrue(
        Platform.current().has(Feature.DESCRIPTOR_ONLY_MODE),
        "lacks " + Feature.DESCRIPTOR_ONLY_MODE);
    Pd.Result kill = Pd.run("run", "--sandbox", "--", "sh", "-c", "kill -0 1 && exit 9; exit 3");
    assertEquals(3, kill.code(), kill.toString());
    Pd.Result plain = Pd.run("run", "--", "sh", "-c", "kill -0 $PPID && exit 9; exit 3");
    assertEquals(9, plain.code(), plain.toString());
    Pd.Result timeout = Pd.run("run", "--sandbox", "--timeout", "100ms", "--", "sleep", "1000");
    assertEquals(ExitCodes.TIMED_OUT, timeout.code(), timeout.toString());
  }
}
