package dev.procdesc.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.procdesc.Feature;
import dev.procdesc.Platform;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.ProcessIdentity;
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
  void identitiesAreTakenAndPrinted() throws Exception {
    Platform platform = Platform.current();
    assumeTrue(platform.has(Feature.UNIQUE_IDENTITY), "lacks " + Feature.UNIQUE_IDENTITY);
    Process process = started("read line; exit 7");
    ProcessIdentity identity;
    try (ProcessDescriptor opened = ProcessDescriptor.open(process.toHandle())) {
      identity = opened.identity();
    }
    ProcessIdentity reused = new ProcessIdentity(process.pid(), identity.inode() + 1);
    String end = platform.has(Feature.STATUS_FOR_ANY_HOLDER) ? " exited with 7" : " ended";
    try (Pd byId = Pd.start("watch", "--identity", "" + process.pid());
        Pd byIdentity = Pd.start("watch", reused.toString(), identity.toString())) {
      byId.await(identity + " watched");
      byIdentity.await(identity + " watched");
      process.getOutputStream().close();
      byId.await(identity + end);
      byIdentity.await(identity + end);
      assertEquals(0, byId.end().code());
      Pd.Result result = byIdentity.end();
      assertEquals(1, result.code(), result.toString());
      assertTrue(result.err().contains("pidfd_open(" + reused + "): ESRCH"), result.err());
    } finally {
      process.destroyForcibly();
    }
    Pd.Result late = Pd.run("watch", identity.toString());
    assertEquals(1, late.code(), late.toString());
  }

  @Test
  void identitiesThatTheSystemLacks() throws Exception {
    assumeFalse(Platform.current().has(Feature.UNIQUE_IDENTITY), "has identities");
    for (String[] words : new String[][] {{"watch", "1:1"}, {"watch", "--identity", "1"}}) {
      Pd.Result result = Pd.run(words);
      assertEquals(ExitCodes.FAILED, result.code(), result.toString());
      assertTrue(result.err().contains("UNIQUE_IDENTITY"), result.err());
    }
  }

  @Test
  void whatIsNoProcessId() throws Exception {
    for (String word : new String[] {"me", "0", "-1", "1x", "1:", "1:0", "1:2:3"}) {
      assertEquals(ExitCodes.USAGE, Pd.run("watch", "--", word).code(), word);
    }
    assertEquals(ExitCodes.USAGE, Pd.run("watch").code());
  }
}
