package dev.procdesc.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.procdesc.OnClose;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import java.io.BufferedReader;
import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A JVM that has open descriptors and live children, and then measures spawns on demand, as
 * {@link Sampler} describes it.
 */
final class SpawnerJvm {
  /** The descriptor of a pipe; when its other end is closed, the live children end. */
  static final int LIFELINE = 3;

  private SpawnerJvm() {}

  /**
   * Runs the JVM.
   *
   * @param args the library, {@code procdesc} or any other word for {@code ProcessBuilder};
   *     {@code pipes} or any other word for inherited standard descriptors; the number of open
   *     descriptors; the number of live children; the milliseconds after which no further sample is
   *     taken
   * @throws Exception if anything fails
   */
  public static void main(String[] args) throws Exception {
    boolean procdesc = args[0].equals("procdesc");
    boolean pipes = args[1].equals("pipes");
    List<InputStream> descriptors = open(Integer.parseInt(args[2]));
    List<AutoCloseable> children = start(procdesc, Integer.parseInt(args[3]));
    long limit = TimeUnit.MILLISECONDS.toNanos(Long.parseLong(args[4]));
    PrintStream out = new PrintStream(System.out, false, UTF_8);
    BufferedReader requests = new BufferedReader(new InputStreamReader(System.in, UTF_8));
    // Everything is open and running.
    out.println();
    out.flush();
    for (String line = requests.readLine(); line != null; line = requests.readLine()) {
      long start = System.nanoTime();
      List<Long> times = new ArrayList<>();
      for (int i = 0; i < Integer.parseInt(line); i++) {
        times.add(spawn(procdesc, pipes));
        if (System.nanoTime() - start > limit) {
          break;
        }
      }
      times.forEach(out::println);
      out.println();
      out.flush();
    }
    for (AutoCloseable child : children) {
      child.close();
    }
    for (InputStream descriptor : descriptors) {
      descriptor.close();
    }
  }

  private static long spawn(boolean procdesc, boolean pipes)
      throws IOException, InterruptedException {
    if (procdesc) {
      return pipes ? Spawns.procdescPiped() : Spawns.procdesc(Spawns.RELEASED);
    }
    return Spawns.processBuilder(!pipes);
  }

  /** Opens descriptors, which are closed on exec, as all of the JVM's. */
  private static List<InputStream> open(int count) throws IOException {
    List<InputStream> open = new ArrayList<>();
    while (open.size() < count) {
      open.add(new FileInputStream("/dev/null"));
    }
    return open;
  }

  private static List<AutoCloseable> start(boolean procdesc, int count) throws IOException {
    // They end with the lifeline, also when nothing is left that could kill them.
    String[] command = {"/bin/cat"};
    Spawner spawner =
        Spawner.of(List.of(command)).stdin(Stdio.descriptor(LIFELINE)).onClose(OnClose.KILL);
    ProcessBuilder builder = new ProcessBuilder(command)
        .redirectInput(new File("/proc/self/fd/" + LIFELINE))
        .redirectOutput(ProcessBuilder.Redirect.INHERIT)
        .redirectError(ProcessBuilder.Redirect.INHERIT);
    List<AutoCloseable> children = new ArrayList<>();
    while (children.size() < count) {
      if (procdesc) {
        children.add(spawner.spawn());
      } else {
        Process process = builder.start();
        children.add(() -> process.destroyForcibly().waitFor());
      }
    }
    return children;
  }
}
