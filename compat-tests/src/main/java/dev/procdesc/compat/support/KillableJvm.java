package dev.procdesc.compat.support;

import static org.junit.jupiter.api.Assertions.fail;

import dev.procdesc.Feature;
import dev.procdesc.Signal;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Skips;
import dev.procdesc.compat.Timeouts;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import jnr.constants.platform.Fcntl;
import jnr.constants.platform.OpenFlags;
import jnr.constants.platform.WaitFlags;

/**
 * A JVM that may be killed at any moment, with all that its children need to tell, without any PID,
 * whether they live: each holds the writing end of one pipe, the <em>heart</em>. Its end of file,
 * seen from here, says that the JVM and the last of the children have gone. What they write into it
 * are words, one in a line.
 *
 * <p>They also hold the reading end of another pipe, the <em>leash</em>, and end when it ends: so
 * nobody is left even if a test fails.
 *
 * <p>It is started by {@code posix_spawn}: what starts the test must not be what is tested, and
 * {@code ProcessBuilder} closes a child's pipes when the child ends, whoever else holds them.
 */
public final class KillableJvm implements AutoCloseable {
  /** The heart's number in the JVM and in its children. */
  public static final int HEART = 3;

  /** The leash's number in the JVM and in its children. */
  public static final int LEASH = 4;

  /** For a shell: only SIGKILL ends me, or the leash. */
  public static final String STAY = "trap '' HUP INT QUIT TERM; echo c >&3; read line <&4";

  /** Where descriptors are moved that are to get low numbers in the JVM. */
  private static final int HIGH = 64;

  private final ChildJvm command;
  private final RawPipe heart = RawPipe.open();
  private final RawPipe leash = RawPipe.open();
  private final RawPipe orders = RawPipe.open();
  private final Path output;
  private final long pid;
  private final StringBuilder unread = new StringBuilder();
  private final Map<String, Integer> words = new HashMap<>();
  private boolean ended;
  private boolean reaped;
  private int status;

  private KillableJvm(ChildJvm command) throws IOException {
    this.command = command;
    this.output = Files.createTempFile("killable", ".log");
    int append = OpenFlags.O_WRONLY.intValue() | OpenFlags.O_APPEND.intValue();
    int log = high(Descriptors.open(output, append, 0));
    int[] numbers = {
      high(Libc.C.dup(orders.readEnd())),
      log,
      log,
      high(Libc.C.dup(heart.writeEnd())),
      high(Libc.C.dup(leash.readEnd()))
    };
    try {
      List<String> variables = new ArrayList<>();
      System.getenv().forEach((name, value) -> variables.add(name + "=" + value));
      pid = Host.spawn(command.command(), variables, numbers);
    } finally {
      for (int i : new int[] {0, 1, 3, 4}) {
        Descriptors.close(numbers[i]);
      }
    }
    heart.given();
  }

  /** Starts it. Its children have extra descriptors. */
  public static KillableJvm start(ChildJvm command) throws IOException {
    Requires.feature(Feature.CHILD_SETUP);
    return new KillableJvm(command);
  }

  /** The settings that make such a JVM cheap. */
  public static ChildJvm cheap(ChildJvm command) {
    return command.flag("-Xshare:auto").flag("-Xmx64m");
  }

  /** In such a JVM: a child that has what it needs to be seen from outside. */
  public static Spawner child(String script) {
    return seen(Spawner.of("/bin/sh", "-c", script));
  }

  /** In such a JVM: a child with the heart, the leash and nothing else. */
  public static Spawner seen(Spawner spawner) {
    return spawner
        .stdin(Stdio.nullDevice())
        .stdout(Stdio.nullDevice())
        .stderr(Stdio.nullDevice())
        .descriptor(HEART, Stdio.descriptor(HEART))
        .descriptor(LEASH, Stdio.descriptor(LEASH));
  }

  /** In such a JVM: says a word to the test. */
  public static void say(String word) {
    byte[] bytes = (word + "\n").getBytes(StandardCharsets.UTF_8);
    Libc.checkLong(() -> Libc.C.write(HEART, bytes, bytes.length));
  }

  private static int high(int fd) {
    // The kernel chooses: Java's own threads open files at any time.
    int copy = Libc.check(() -> Libc.C.fcntl(fd, Fcntl.F_DUPFD.intValue(), HIGH));
    Descriptors.setCloseOnExec(copy, true);
    Descriptors.close(fd);
    return copy;
  }

  /** Its PID, which is nobody else's until it was waited for. */
  public long pid() {
    return pid;
  }

  /** Sends a line to its standard input. */
  public void order(String line) {
    orders.write(line + "\n");
  }

  /** Ends its standard input. */
  public void endOrders() {
    orders.given();
  }

  /** Ends its leash: the children that still live end. */
  public void letGo() {
    leash.given();
  }

  /** Lets one of the children that stay end. */
  public void letOneGo() {
    leash.write("\n");
  }

  /** Sends it a signal. */
  public void signal(Signal signal) {
    Host.check(() -> Host.C.kill(pid, signal.number()));
  }

  /** Sends a signal to its process group, which it must lead. */
  public void signalGroup(Signal signal) {
    Host.check(() -> Host.C.kill(-pid, signal.number()));
  }

  /** Kills it, and waits for its end, and for its children's. */
  public Duration killAndAwaitEnd() {
    long start = System.nanoTime();
    signal(Signal.KILL);
    awaitEnd();
    Duration duration = Duration.ofNanos(System.nanoTime() - start);
    waitpid();
    return duration;
  }

  /** Waits until it has said a word so many times, it and the children together. */
  public void await(String word, int times) {
    while (words.getOrDefault(word, 0) < times) {
      listen(word);
    }
  }

  /** Waits for a word of the form {@code name value}, and returns the value. */
  public String awaitValue(String name) {
    while (true) {
      for (String word : words.keySet()) {
        if (word.startsWith(name + " ")) {
          return word.substring(name.length() + 1);
        }
      }
      listen(name);
    }
  }

  /** How many times a word was said, as far as was listened. */
  public int heard(String word) {
    return words.getOrDefault(word, 0);
  }

  /** Waits until nobody holds the heart any more. */
  public void awaitEnd() {
    while (!ended) {
      read("the end of all who hold the heart");
    }
  }

  /** Listens to what was said so far; then, whether somebody holds the heart. */
  public boolean isHeld() {
    while (!ended && Poll.now(heart.readEnd()) != 0) {
      read("");
    }
    return !ended;
  }

  private void listen(String word) {
    if (ended) {
      output().lines().forEach(Skips::replay);
      fail("everybody has gone before \"" + word + "\" was said; " + this);
    }
    read("the word \"" + word + "\"");
  }

  private void read(String what) {
    if (Poll.poll(heart.readEnd(), Poll.POLLIN, Timeouts.CEILING) == 0) {
      fail("waited " + Timeouts.CEILING + " in vain for " + what + "; " + this);
    }
    byte[] buffer = new byte[4096];
    int count = (int) Libc.checkLong(() -> Libc.C.read(heart.readEnd(), buffer, buffer.length));
    ended = count == 0;
    unread.append(new String(buffer, 0, count, StandardCharsets.UTF_8));
    for (int end = unread.indexOf("\n"); end >= 0; end = unread.indexOf("\n")) {
      words.merge(unread.substring(0, end), 1, Integer::sum);
      unread.delete(0, end + 1);
    }
  }

  /** Its status, as waitpid gives it. Waits for its end. */
  public int waitpid() {
    if (!reaped) {
      int[] result = new int[1];
      Await.until(
          "the JVM has ended",
          () -> Host.C.waitpid(pid, result, WaitFlags.WNOHANG.intValue()) == pid);
      reaped = true;
      status = result[0];
    }
    return status;
  }

  /** Its exit code, or minus the signal that ended it. Waits for its end. */
  public int exitCode() {
    int result = waitpid();
    return (result & 0x7f) == 0 ? result >> 8 : -(result & 0x7f);
  }

  /** What it has printed so far. */
  public String output() {
    try {
      return Files.readString(output, StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public String toString() {
    return "the JVM " + command + ", heard " + words + ", printed:\n" + output();
  }

  /** Ends it if it runs, and all of its children that are held by the leash. */
  @Override
  public void close() throws IOException {
    leash.close();
    orders.close();
    if (!reaped) {
      Host.C.kill(pid, Signal.KILL.number());
      waitpid();
    }
    heart.close();
    Files.delete(output);
  }
}
