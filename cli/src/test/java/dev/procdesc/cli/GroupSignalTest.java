package dev.procdesc.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.procdesc.Spawner;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests that each signal reaches the command once, to whichever processes it was sent. */
final class GroupSignalTest {
  private static final List<String> SIGNALS = List.of("HUP", "INT", "TERM", "USR1", "ALRM", "CONT");

  /** Starts pd in a process group that it leads, as a shell starts a job. */
  private static Pd start(String... options) throws IOException {
    List<String> arguments = new ArrayList<>(List.of("run"));
    arguments.addAll(List.of(options));
    arguments.addAll(List.of("sh", "-c", SignalScript.REPORTER));
    return Pd.start(Spawner.of(Pd.command(arguments.toArray(String[]::new))).newProcessGroup());
  }

  /** Sends the signals, each after the one before was reported, and a last one to pd alone. */
  private static void assertOnce(Pd pd, long... receivers)
      throws IOException, InterruptedException {
    SignalScript.awaitReady(pd);
    for (String signal : SIGNALS) {
      SignalScript.kill(signal, receivers);
      // Whatever pd forwards, it forwards in the order of arrival.
      assertEquals(List.of(signal), pd.awaitAll(signal));
    }
    SignalScript.kill("USR2", pd.handle().pid());
    assertEquals(List.of("USR2"), pd.awaitAll("USR2"));
    assertEquals(new Pd.Result(0, "", ""), pd.end());
  }

  private static long[] all(Pd pd) {
    try (Stream<ProcessHandle> descendants = pd.handle().descendants()) {
      return LongStream.concat(
              LongStream.of(pd.handle().pid()), descendants.mapToLong(ProcessHandle::pid))
          .toArray();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"--on-close=kill", "--session"})
  void toPdAlone(String option) throws IOException, InterruptedException {
    try (Pd pd = start(option)) {
      assertOnce(pd, pd.handle().pid());
    }
  }

  /** Sends to the process group, as {@code kill %1} does, and a shell that exits. */
  @ParameterizedTest
  @ValueSource(strings = {"--on-close=kill", "--session"})
  void toTheProcessGroup(String option) throws IOException, InterruptedException {
    try (Pd pd = start(option)) {
      assertOnce(pd, -pd.handle().pid());
    }
  }

  /** Sends to every process, the oldest first, as a service manager does. */
  @ParameterizedTest
  @ValueSource(strings = {"--on-close=kill", "--session"})
  void toTheControlGroup(String option) throws IOException, InterruptedException {
    try (Pd pd = start(option)) {
      SignalScript.awaitReady(pd);
      long[] all = all(pd);
      SignalScript.kill("USR1", pd.handle().pid());
      assertEquals(List.of("USR1"), pd.awaitAll("USR1"));
      for (String signal : List.of("HUP", "TERM", "INT", "ALRM")) {
        SignalScript.kill(signal, all);
        assertEquals(List.of(signal), pd.awaitAll(signal));
      }
      SignalScript.kill("USR2", pd.handle().pid());
      assertEquals(List.of("USR2"), pd.awaitAll("USR2"));
    }
  }
}
