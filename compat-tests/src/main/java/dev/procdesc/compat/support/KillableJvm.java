package dev.procdesc.compat.support;

import static org.junit.jupiter.api.Assertions.fail;

import dev.procdesc.Feature;
import dev.procdesc.Signal;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Skips;
import dev.procdesc.testing.Await;
import dev.procdesc.testing.Timeouts;
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
 * A JVM that may be killed at any moment, with two pipes that it shares with its children. All of
 * them hold the writing end of the <em>heart</em>: its end of file shows, without any PID, that the
 * JVM and the last child have exited. They write words into it, one per line.
 *
 * <p>They also hold the reading end of the <em>leash</em>, and the children exit at its end of
 * file, so that none is left even if a test fails.
 *
 * <p>It is started with {@code posix_spawn}, because the code under test must not start the test,
 * and because {@code ProcessBuilder} closes the pipes of a child when it exits, although other
 * processes hold them.
 */
public final class KillableJvm implements AutoCloseable {
  /** The number of the heart in the JVM and in its children. */
  public static final int HEART = 3;

  /** The number of the leash in the JVM and in its children. */
  public static final int LEASH = 4;

  /** A shell script that only SIGKILL or the end of the leash ends. */
  public static final String STAY = "trap '' HUP INT QUIT TERM; echo c >&3; read line <&4";

  /** The smallest number here of the descriptors that get low numbers in the JVM. */
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

  /** Starts a JVM; skips the test where children cannot have extra descriptors. */
  public static KillableJvm start(ChildJvm command) throws IOException {
    Requires.feature(Feature.CHILD_SETUP);
    return new KillableJvm(command);
  }

  /** Adds the flags that make such a JVM cheap. */
  public static ChildJvm cheap(ChildJvm command) {
    return command.flag("-Xshare:auto").flag("-Xmx64m");
  }

  /** Returns, in such a JVM, a spawner of a shell script that the test observes. */
  public static Spawner child(String script) {
    return seen(Spawner.of("/bin/sh", "-c", script));
  }

  /** Gives a child, in such a JVM, the heart and the leash, and no other descriptor. */
  public static Spawner seen(Spawner spawner) {
    return spawner
        .stdin(Stdio.nullDevice())
        .stdout(Stdio.nullDevice())
        .stderr(Stdio.nullDevice())
        .descriptor(HEART, Stdio.descriptor(HEART))
        .descriptor(LEASH, Stdio.descriptor(LEASH));
  }

  /** Sends, in such a JVM, a word to the test. */
  public static void say(String word) {
    byte[] bytes = (word + "\n").getBytes(StandardCharsets.UTF_8);
    Libc.checkLong(() -> Libc.C.write(HEART, bytes, bytes.length));
  }

  private static int high(int fd) {
    // The kernel chooses the number, because Java's threads open files at any time.
    int copy = Libc.check(() -> Libc.C.fcntl(fd, Fcntl.F_DUPFD.intValue(), HIGH));
    Descriptors.setCloseOnExec(copy, true);
    Descriptors.close(fd);
    return copy;
  }

  /** Returns its PID, which is not reused until it was reaped. */
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

  /** Ends its leash: the children that are still alive exit. */
  public void letGo() {
    leash.given();
  }

  /** Lets one of the children that stay exit. */
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

  /** Kills it and waits until it and its children have exited; returns the time that it took. */
  public Duration killAndAwaitEnd() {
    long start = System.nanoTime();
    signal(Signal.KILL);
    awaitEnd();
    Duration duration = Duration.ofNanos(System.nanoTime() - start);
    waitpid();
    return duration;
  }

  /** Waits until it and its children have sent a word a number of times in total. */
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

  /** Returns how many times a word was sent, as far as it was read. */
  public int heard(String word) {
    return words.getOrDefault(word, 0);
  }

  /** Waits until no process holds the heart. */
  public void awaitEnd() {
    while (!ended) {
      read("the exit of all processes that hold the heart");
    }
  }

  /** Reads the words so far, and returns whether a process holds the heart. */
  public boolean isHeld() {
    while (!ended && Poll.now(heart.readEnd()) != 0) {
      read("");
    }
    return !ended;
  }

  private void listen(String word) {
    if (ended) {
      output().lines().forEach(Skips::replay);
      fail("all processes exited before one sent \"" + word + "\"; " + this);
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

  /** Waits until the JVM has exited; returns its status, as waitpid reports it. */
  public int waitpid() {
    if (!reaped) {
      int[] result = new int[1];
      Await.until(
          "the JVM has exited",
          () -> Host.check(() -> Host.C.waitpid(pid, result, WaitFlags.WNOHANG.intValue())) == pid);
      reaped = true;
      status = result[0];
    }
    return status;
  }

  /** Waits until the JVM has exited; returns its exit code, or minus the signal that killed it. */
  public int exitCode() {
    int result = waitpid();
    return (result & 0x7f) == 0 ? result >> 8 : -(result & 0x7f);
  }

  /** Returns all that it has printed so far. */
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

  /** Kills it if it has not exited, and ends the children that hold the leash. */
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
