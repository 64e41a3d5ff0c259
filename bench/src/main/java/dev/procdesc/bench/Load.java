package dev.procdesc.bench;

import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A condition of a parent that can make spawns slower.
 *
 * @param descriptors the number of open descriptors, apart from the few that every process has
 * @param children the number of live children
 * @param heap the size in MiB of a heap that is entirely in memory; 0 for the JVM's choice
 */
record Load(int descriptors, int children, int heap) {
  static final Load NONE = new Load(0, 0, 0);

  /** The descriptors that a JVM and three pipes need. */
  private static final int OTHER_DESCRIPTORS = 200;

  /** The maximum memory of a child, in user space and in the kernel. */
  private static final long MEMORY_OF_CHILD = 1 << 20;

  /** The processes and threads that the rest of the machine needs. */
  private static final int OTHER_TASKS = 4000;

  /** The other memory of a JVM with a big heap, and a reserve for other processes. */
  private static final long OTHER_MEMORY = 3 * Memory.GIB;

  /** Returns the reason why this machine does not allow the load; empty if it does. */
  Optional<Missing> refusal() throws IOException {
    // A library may hold one descriptor for each child.
    long needed = (long) descriptors + children + OTHER_DESCRIPTORS;
    OptionalLong limit = Proc.descriptorLimit();
    if (limit.isPresent() && limit.getAsLong() < needed) {
      return Optional.of(Missing.notRun(
          "needs " + needed + " descriptors, RLIMIT_NOFILE is " + limit.getAsLong()));
    }
    // ProcessBuilder has a thread for each child.
    long tasks = 2L * children + OTHER_TASKS;
    OptionalLong ids = Proc.number(Path.of("/proc/sys/kernel/pid_max"), "(\\d+)");
    if (ids.isPresent() && ids.getAsLong() < tasks) {
      return Optional.of(Missing.notRun(
          "needs " + tasks + " processes and threads, pid_max is " + ids.getAsLong()));
    }
    long memory = children * MEMORY_OF_CHILD + (heap == 0 ? 0 : ((long) heap << 20) + OTHER_MEMORY);
    return Memory.refusal(memory);
  }

  /**
   * Returns a spawner of a JVM that measures spawns under this load: see {@link SpawnerJvm}.
   *
   * @param maxTurn the time after which a turn ends, so that a slow library does not delay others
   */
  Spawner jvm(String classPath, String library, boolean pipes, Duration maxTurn) {
    List<String> options = new ArrayList<>();
    if (heap != 0) {
      // The JVM would choose another collector for a small heap.
      options.addAll(List.of(
          "-XX:+UseSerialGC", "-Xms" + heap + "m", "-Xmx" + heap + "m", "-XX:+AlwaysPreTouch"));
    }
    return Jvm.running(
            SpawnerJvm.class,
            classPath,
            options,
            library,
            pipes ? "pipes" : "inherit",
            String.valueOf(descriptors),
            String.valueOf(children),
            String.valueOf(maxTurn.toMillis()))
        .descriptor(SpawnerJvm.LIFELINE, Stdio.pipeToChild());
  }

  /** Returns the arguments of the C program that measures spawns under this load. */
  String[] arguments(boolean pipes) {
    return new String[] {
      "-d",
      String.valueOf(descriptors),
      "-c",
      String.valueOf(children),
      "-m",
      String.valueOf(heap),
      pipes ? "spawn-pipes" : "spawn",
      Spawns.PROGRAM
    };
  }
}
