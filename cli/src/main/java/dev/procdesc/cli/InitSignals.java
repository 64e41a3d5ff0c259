package dev.procdesc.cli;

import dev.procdesc.Signal;
import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.function.IntConsumer;

/**
 * The signals that PID 1 got, where that is the script {@code pd} and this process is its child.
 * The script writes their numbers into a pipe: a JVM can take neither QUIT nor the real-time
 * signals, and what arrives in the pipe was certainly sent to PID 1.
 */
final class InitSignals {
  /** The descriptor of the pipe, which the script leaves open; empty if it is not PID 1. */
  private static final Optional<String> PIPE =
      Optional.ofNullable(System.getProperty("pd.init")).map("/proc/self/fd/"::concat);

  /** The signals that the script handles: those that tini(1) forwards. */
  private static final List<Integer> HANDLED = List.of(
      1, 2, 3, 10, 12, 13, 14, 15, 16, 18, 20, 23, 24, 25, 26, 27, 28, 29, 30, 34, 35, 36, 37, 38,
      39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61,
      62, 63, 64);

  /** CONT, TSTP, URG and WINCH, which do not end a process. */
  private static final List<Integer> HARMLESS = List.of(18, 20, 23, 28);

  private static IntConsumer receiver = InitSignals::act;

  private InitSignals() {}

  /** Returns whether the parent of this process is the script as PID 1. */
  static boolean exist() {
    return PIPE.isPresent();
  }

  /** Returns the numbers of the signals that can come; none if the script is not PID 1. */
  static List<Integer> numbers() {
    return exist() ? HANDLED : List.of();
  }

  /** Begins to receive them. Until {@link #passTo}, they have their default action. */
  static void begin() {
    if (exist()) {
      Thread thread = new Thread(InitSignals::read, "signals of PID 1");
      thread.setDaemon(true);
      thread.start();
    }
  }

  /** Passes the signals to a receiver from now on. */
  static synchronized void passTo(IntConsumer next) {
    receiver = next;
  }

  /** Ends the thread that receives. At its exit the JVM waits 300 ms for threads in native code. */
  static void end() {
    if (exist()) {
      try (OutputStream pipe = new FileOutputStream(PIPE.orElseThrow())) {
        pipe.write('\n');
      } catch (IOException e) {
        return; // The exit takes longer.
      }
    }
  }

  private static void read() {
    try (BufferedReader lines = new BufferedReader(new InputStreamReader(
        new FileInputStream(PIPE.orElseThrow()), StandardCharsets.US_ASCII))) {
      for (String line = lines.readLine();
          line != null && !line.isEmpty();
          line = lines.readLine()) {
        received(Integer.parseInt(line));
      }
    } catch (IOException e) {
      Failure.tell("no signal reaches pd any more: " + e.getMessage());
    }
  }

  private static synchronized void received(int number) {
    receiver.accept(number);
  }

  /** Does what the kernel does at a signal that a process does not handle. */
  private static void act(int number) {
    if (!HARMLESS.contains(number)) {
      // In another thread, so that the shutdown does not wait for this one.
      new Thread(() -> System.exit(128 + number), Signal.ofNumber(number).name()).start();
    }
  }
}
