package dev.procdesc.compat.support;

import java.util.List;

/** A child that the host program starts, and waits for by PID. */
public final class HostChild implements AutoCloseable {
  private final long pid;
  private boolean reaped;

  private HostChild(long pid) {
    this.pid = pid;
  }

  /** Starts a shell script. */
  public static HostChild start(String script) {
    return new HostChild(
        Host.spawn(List.of("/bin/sh", "-c", script), List.of("PATH=/bin:/usr/bin")));
  }

  /** Returns its PID, which is not reused until it was reaped. */
  public long pid() {
    return pid;
  }

  /** Waits until it has exited; returns its status, as waitpid reports it. */
  public int waitpid() {
    int[] status = new int[1];
    int result = Host.check(() -> Host.C.waitpid(pid, status, 0));
    if (result != pid) {
      throw new AssertionError("waitpid(" + pid + ") = " + result);
    }
    reaped = true;
    return status[0];
  }

  @Override
  public void close() {
    if (!reaped) {
      // Fails where a filter refuses kill, rather than wait for a child that nothing ends.
      Host.check(() -> Host.C.kill(pid, 9));
      waitpid();
    }
  }
}
