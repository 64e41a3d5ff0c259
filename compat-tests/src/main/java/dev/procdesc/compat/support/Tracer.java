package dev.procdesc.compat.support;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.procdesc.compat.Requires;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;

/**
 * Another process that traces a process, as strace and debuggers do. It reaps the process only when
 * it is told to; until then the kernel withholds a dead one from its parent. Linux only.
 */
public final class Tracer implements AutoCloseable {
  private final Process process;

  private Tracer(Process process) {
    this.process = process;
  }

  /** Starts the tracer of a running process; skips the test where it is not permitted. */
  public static Tracer of(long pid) throws IOException {
    Syscall.number(Scene.PTRACE_AMD64, Scene.PTRACE_AARCH64);
    Tracer tracer = new Tracer(ChildJvm.of(Scene.class, Long.toString(pid)).start());
    String answer = tracer.line();
    if (!answer.equals("traces")) {
      String failure = "ptrace: '" + answer + "' from " + tracer.process;
      tracer.close();
      Requires.that(!answer.equals("EPERM"), "the permission to trace a child (ptrace)");
      throw new AssertionError(failure);
    }
    return tracer;
  }

  private String line() throws IOException {
    return Text.line(process.getInputStream());
  }

  /** Makes it reap the process, which has ended with an exit code. */
  public void reap(int code) throws IOException {
    Text.send(process.getOutputStream(), "reap");
    assertEquals(Integer.toString(code << 8), line(), "status of wait(2)");
  }

  /** Kills it, and waits for its end. */
  public void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }

  /** The program of the tracer: a traced process belongs to the thread that traces it. */
  public static final class Scene implements Scenario {
    private static final int PTRACE_AMD64 = 101;
    private static final int PTRACE_AARCH64 = 117;
    private static final int PTRACE_SEIZE = 0x4206;
    private static final int WALL = 0x40000000;

    @Override
    public void run(String... arguments) throws Exception {
      int pid = Integer.parseInt(arguments[0]);
      long traced =
          Syscall.call(Syscall.number(PTRACE_AMD64, PTRACE_AARCH64), PTRACE_SEIZE, pid, 0, 0);
      System.out.println(traced == 0 ? "traces" : Libc.errno().name());
      BufferedReader orders =
          new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
      while (orders.readLine() != null) {
        int[] status = new int[1];
        int reaped = Libc.check(() -> Host.C.waitpid(pid, status, WALL));
        System.out.println(reaped == pid ? Integer.toString(status[0]) : "no child");
      }
    }
  }
}
