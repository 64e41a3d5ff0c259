package dev.procdesc.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.procdesc.Feature;
import dev.procdesc.Platform;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class WatchCommandTest {
  @BeforeEach
  void opening() {
    assumeTrue(Platform.current().has(Feature.OPEN_PROCESS), "lacks " + Feature.OPEN_PROCESS);
  }

  private static Process started(String script) throws Exception {
    return new ProcessBuilder("sh", "-c", script).start();
  }

  @Test
  void tellsHowProcessesEndThatOthersStarted() throws Exception {
    Process one = started("read line; exit 7");
    Process other = started("read line; kill -TERM $$");
    try (Pd pd = Pd.start("watch", "" + one.pid(), "" + other.pid(), "" + one.pid())) {
      pd.await(one.pid() + " watched");
      pd.await(other.pid() + " watched");
      boolean exact = Platform.current().has(Feature.STATUS_FOR_ANY_HOLDER);
      one.getOutputStream().close();
      pd.await(one.pid() + (exact ? " exited with 7" : " ended"));
      other.getOutputStream().close();
      pd.await(other.pid() + (exact ? " ended by SIGTERM" : " ended"));
      Pd.Result result = pd.end();
      assertEquals(0, result.code(), result.toString());
      assertEquals("", result.out(), "each once");
    } finally {
      one.destroyForcibly();
      other.destroyForcibly();
    }
  }

  @Test
  void whatCannotBeOpened() throws Exception {
    Pd.Result result = Pd.run("watch", "" + Integer.MAX_VALUE);
    assertEquals(1, result.code());
    assertTrue(result.err().contains("ESRCH"), result.err());
    assertEquals("", result.out());
  }

  @Test
  void whatIsNoProcessId() throws Exception {
    for (String word : new String[] {"me", "0", "-1", "1x"}) {
      assertEquals(ExitCodes.USAGE, Pd.run("watch", "--", word).code(), word);
    }
    assertEquals(ExitCodes.USAGE, Pd.run("watch").code());
  }
}
