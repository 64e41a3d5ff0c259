package dev.procdesc.posix.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus;
import java.lang.reflect.Proxy;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Tests the view of a child in a state that a running system does not show on demand. */
class ProcessViewTest {
  @Test
  void anUnknownStatusIsNoExitValue() throws Exception {
    ExitStatus unknown = new ExitStatus.Unknown("other code reaped the process");
    ChildProcess child = (ChildProcess) Proxy.newProxyInstance(
        ChildProcess.class.getClassLoader(),
        new Class<?>[] {ChildProcess.class},
        (proxy, method, arguments) -> switch (method.getName()) {
          case "poll" -> Optional.of(unknown);
          case "isAlive" -> false;
          case "pid" -> 17L;
          default -> throw new AssertionError(method);
        });
    Process view = ProcessView.of(child, Optional.empty(), Optional.empty(), Optional.empty());
    assertFalse(view.isAlive());
    assertTrue(view.waitFor(1, TimeUnit.SECONDS));
    IllegalStateException thrown = assertThrows(IllegalStateException.class, view::exitValue);
    assertEquals("the exit status is unknown: other code reaped the process", thrown.getMessage());
    assertThrows(IllegalStateException.class, view::waitFor);
    assertEquals("Process[pid=17, exitValue=\"unknown\"]", view.toString());
  }
}
