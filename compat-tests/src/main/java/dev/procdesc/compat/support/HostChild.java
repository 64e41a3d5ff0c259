package dev.procdesc.compat.support;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import jnr.ffi.Memory;
import jnr.ffi.Pointer;

/** A child that the host program starts by itself, in native code, and waits for by PID. */
public final class HostChild implements AutoCloseable {
  private final int pid;
  private boolean reaped;

  private HostChild(int pid) {
    this.pid = pid;
  }

  /** Starts a shell script, by posix_spawn. */
  public static HostChild start(String script) {
    List<Pointer> strings = new ArrayList<>();
    Pointer arguments = array(strings, "sh", "-c", script);
    Pointer environment = array(strings, "PATH=/bin:/usr/bin");
    int[] pid = new int[1];
    int error = Libc.C.posix_spawn(pid, "/bin/sh", null, null, arguments, environment);
    if (error != 0 || strings.isEmpty()) {
      throw new AssertionError("posix_spawn: " + error);
    }
    return new HostChild(pid[0]);
  }

  private static Pointer array(List<Pointer> keep, String... words) {
    Pointer array = Memory.allocateDirect(Libc.RUNTIME, 8 * (words.length + 1), true);
    for (int i = 0; i < words.length; i++) {
      byte[] bytes = (words[i] + "\0").getBytes(StandardCharsets.UTF_8);
      Pointer string = Memory.allocateDirect(Libc.RUNTIME, bytes.length);
      string.put(0, bytes, 0, bytes.length);
      keep.add(string);
      array.putPointer(8L * i, string);
    }
    keep.add(array);
    return array;
  }

  /** Its status, as waitpid gives it. */
  public int waitpid() {
    int[] status = new int[1];
    int result = Libc.check(() -> Libc.C.waitpid(pid, status, 0));
    if (result != pid) {
      throw new AssertionError("waitpid(" + pid + ") = " + result);
    }
    reaped = true;
    return status[0];
  }

  @Override
  public void close() {
    if (!reaped) {
      Libc.C.kill(pid, 9);
      waitpid();
    }
  }
}
