package dev.procdesc.freebsd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ExitStatus;
import dev.procdesc.Signal;
import dev.procdesc.freebsd.kernel.Signals;
import dev.procdesc.posix.process.WaitStatus;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Tests the decoding of the status of wait(2), which kqueue returns too. */
final class ProcdescOperationsTest {
  private static final Pattern EVENT =
      Pattern.compile(".*filter=-8 .*fflags=0x80000000 data=([0-9]+) \\(0x[0-9a-f]+\\).*");
  private static final Pattern STATUS =
      Pattern.compile(".*?0x([0-9a-f]+) (exited|signaled)\\(([0-9]+)\\).*");

  private static ExitStatus waitStatus(int status) {
    return WaitStatus.status(status, Signals.SIGNALS);
  }

  private static ExitStatus signaled(String name, boolean core) {
    return new ExitStatus.Signaled(Signal.of(name), core);
  }

  @Test
  void theTable() {
    assertEquals(new ExitStatus.Exited(0), waitStatus(0));
    assertEquals(new ExitStatus.Exited(1), waitStatus(0x0100));
    assertEquals(new ExitStatus.Exited(127), waitStatus(0x7F00));
    assertEquals(new ExitStatus.Exited(255), waitStatus(0xFF00));
    assertEquals(signaled("HUP", false), waitStatus(0x01));
    assertEquals(signaled("KILL", false), waitStatus(0x09));
    assertEquals(signaled("ABRT", true), waitStatus(0x86));
    assertEquals(signaled("USR1", false), waitStatus(30));
    assertEquals(signaled("SIG7", false), waitStatus(0x07));
    assertEquals(signaled("SIG126", true), waitStatus(0xFE));
  }

  /** Tests each status that was printed with its meaning on 14.0. */
  @Test
  void whatWasObserved() throws Exception {
    int statuses = 0;
    int events = 0;
    for (String line : Observed.lines("behaviour-14.0-amd64.txt")) {
      Matcher status = STATUS.matcher(line);
      if (status.matches()) {
        int value = Integer.parseInt(status.group(3));
        assertEquals(
            status.group(2).equals("exited")
                ? new ExitStatus.Exited(value)
                : new ExitStatus.Signaled(Signals.of(value), false),
            waitStatus(Integer.parseInt(status.group(1), 16)),
            line);
        statuses++;
      }
      Matcher event = EVENT.matcher(line);
      if (event.matches()) {
        ExitStatus end = waitStatus(Integer.parseInt(event.group(1)));
        assertTrue(!(end instanceof ExitStatus.Unknown), line);
        events++;
      }
    }
    assertTrue(statuses >= 15 && events >= 10, statuses + " statuses, " + events + " events");
  }
}
