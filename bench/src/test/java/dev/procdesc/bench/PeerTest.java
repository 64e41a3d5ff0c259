package dev.procdesc.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.zaxxer.nuprocess.NuAbstractProcessHandler;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Tests of peers that cannot run. */
final class PeerTest {
  private static final String MISSING = "/nonexistent/program";

  private static Context context(Optional<NativeProgram> program) {
    Options options = Options.parse(List.of("--quick"), Set.of());
    return new Context(options, program, Missing.notRun("no C compiler"));
  }

  @Test
  void failureOfOnePeerLosesNoOtherResult() throws Exception {
    Turns turns = new Turns();
    Measurement unlinked = turns.addOnce(() -> {
      throw new UnsatisfiedLinkError("unlinked");
    });
    int[] calls = {0};
    Measurement late = turns.addOnce(() -> {
      if (++calls[0] == 3) {
        throw new IOException("late", new IllegalStateException("cause"));
      }
      return 1;
    });
    Measurement good = turns.addOnce(() -> 5);
    turns.run(1, 4, 3);
    assertEquals(12, good.all().count());
    assertEquals(5, good.median());
    assertTrue(good.missing().isEmpty());
    assertEquals(3, calls[0]);
    assertEquals(
        Optional.of("java.lang.UnsatisfiedLinkError: unlinked"),
        unlinked.missing().map(Missing::reason));
    assertEquals(
        Optional.of("java.io.IOException: late, caused by java.lang.IllegalStateException: cause"),
        late.missing().map(Missing::reason));
    Row row = Row.of("what", Unit.COUNT, good, "late", late, Budget.Kind.RATIO);
    assertTrue(row.failed());
    assertTrue(row.result().orElseThrow().value().isEmpty());
    Row inverse = Row.of("what", Unit.COUNT, late, "good", good, Budget.Kind.RATIO);
    assertTrue(inverse.failed());
    assertTrue(inverse.result().isEmpty());
  }

  @Test
  void nuProcessReportsTheCauseThatItLogs() {
    IOException thrown = assertThrows(
        IOException.class, () -> NuPeer.start(new NuAbstractProcessHandler() {}, MISSING));
    assertEquals("NuProcess could not start " + MISSING, thrown.getMessage());
    assertInstanceOf(IOException.class, thrown.getCause());
  }

  @Test
  void programThatCannotStartIsTheFailureOfItsPeer() throws Exception {
    Turns turns = new Turns();
    Context context = context(Optional.of(new NativeProgram(Path.of(MISSING))));
    try (NativePeer c = new NativePeer(context, "spawn")) {
      Measurement theirs = c.addTo(turns);
      Measurement other = turns.addOnce(() -> 1);
      turns.run(0, 1, 1);
      Missing missing = theirs.missing().orElseThrow();
      assertTrue(missing.failed());
      assertTrue(missing.reason().contains(MISSING), missing.reason());
      assertEquals(1, other.all().count());
    }
  }

  @Test
  void withoutProgramEachPeerHasItsRow() throws Exception {
    Context context = context(Optional.empty());
    try (NativePeer c = new NativePeer(context, "spawn")) {
      assertEquals(Optional.of(context.noProgram()), c.addTo(new Turns()).missing());
    }
    List<Row> rows = new ExitBenchmark().run(context);
    assertEquals(
        List.of(
            "C pidfd_send_signal → epoll + waitid",
            "Process.onExit",
            "NuProcess",
            "kill → exit callback"),
        rows.stream().map(Row::peer).toList());
    for (Row row : rows) {
      assertEquals(Optional.of(context.noProgram()), row.missing());
      assertFalse(row.failed());
    }
  }
}
