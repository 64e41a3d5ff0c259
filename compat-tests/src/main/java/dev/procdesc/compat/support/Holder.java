package dev.procdesc.compat.support;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.procdesc.ChildProcess;
import dev.procdesc.DescriptorChannel;
import dev.procdesc.Feature;
import dev.procdesc.OnClose;
import dev.procdesc.Platform;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.Signal;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.compat.Differences;
import dev.procdesc.compat.Requires;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * A process at the other end of a channel that holds descriptors of other processes: a JVM with
 * this library, or a Python program without it. It obeys orders, one per line, and answers each.
 */
public final class Holder implements AutoCloseable {
  /** The number of its channel. */
  public static final int CHANNEL = 9;

  /** The number of its channel to a third process. */
  public static final int ONWARD = 10;

  /** The number of a pipe that the children of the holder hold. */
  public static final int HEART = 11;

  private final ChildProcess process;

  private Holder(ChildProcess process) {
    this.process = process;
  }

  /** Starts a Python program; skips the test where Python is missing or too old. */
  public static Holder python(DescriptorChannel channel) throws IOException {
    Path python = List.of("/usr/bin/python3", "/usr/local/bin/python3").stream()
        .map(Path::of)
        .filter(Files::exists)
        .findFirst()
        .orElse(Path.of("python3"));
    String script;
    try (InputStream in = Holder.class.getResourceAsStream("holder.py")) {
      script = new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
    }
    boolean freebsd = Platform.current().name().equals("freebsd");
    String library = Differences.simulation().orElse("");
    String check = "import ctypes, socket; socket.recv_fds"
        + (freebsd ? "" : "; import os, signal; os.pidfd_open; signal.pidfd_send_signal");
    boolean there;
    try (ChildProcess probe =
        Run.piped(Spawner.of(python.toString(), "-c", check)).spawn()) {
      there = probe.waitFor().isSuccess();
    } catch (IOException e) {
      there = false;
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
    Requires.that(there, "Python 3.9");
    Requires.feature(Feature.CHILD_SETUP); // An extra descriptor.
    String kind = freebsd ? "procdesc" : "pidfd";
    return new Holder(Spawner.of(python.toString(), "-c", script, kind, library)
        .stdin(Stdio.pipe())
        .stdout(Stdio.pipe())
        .descriptor(CHANNEL, Stdio.descriptor(channel.fd()))
        .spawn());
  }

  /** Starts a JVM with a channel; the channel onward and the heart may be -1, for none. */
  public static Holder jvm(ChildJvm jvm, DescriptorChannel channel, int onward, int heart)
      throws IOException {
    Requires.feature(Feature.CHILD_SETUP); // Extra descriptors.
    Spawner spawner = Spawner.of(jvm.command())
        .stdin(Stdio.pipe())
        .stdout(Stdio.pipe())
        .descriptor(CHANNEL, Stdio.descriptor(channel.fd()));
    if (onward >= 0) {
      spawner = spawner.descriptor(ONWARD, Stdio.descriptor(onward));
    }
    if (heart >= 0) {
      spawner = spawner.descriptor(HEART, Stdio.descriptor(heart));
    }
    return new Holder(spawner.spawn());
  }

  /** Starts a JVM with only a channel. */
  public static Holder jvm(DescriptorChannel channel) throws IOException {
    return jvm(ChildJvm.of(Scene.class), channel, -1, -1);
  }

  /** Sends an order, and returns the answer. */
  public String ask(String order) throws IOException {
    return Text.echo(process.stdin(), process.stdout(), order);
  }

  /** Sends an order, which must be answered with {@code ok}. */
  public void order(String order) throws IOException {
    assertEquals("ok", ask(order), order);
  }

  /** Sends an order without waiting for the answer. */
  public void tell(String order) throws IOException {
    Text.send(process.stdin(), order);
  }

  /** Returns the answer to an earlier order. */
  public String answer() throws IOException {
    return Text.line(process.stdout());
  }

  /** Returns the process. */
  public ChildProcess process() {
    return process;
  }

  /** Makes it exit, which closes all descriptors that it holds. */
  public void exit() throws IOException, InterruptedException {
    tell("exit");
    Run.end(process);
  }

  /** Kills it, which closes all descriptors that it holds. */
  public void kill() throws IOException, InterruptedException {
    process.kill();
    assertEquals(Run.signaled(Signal.KILL), Run.end(process));
  }

  @Override
  public void close() {
    process.close();
  }

  /** The program of the JVM. */
  public static final class Scene implements Scenario {
    private final List<ProcessDescriptor> held = new ArrayList<>();

    @Override
    public void run(String... arguments) throws Exception {
      DescriptorChannel channel = DescriptorChannel.of(CHANNEL);
      BufferedReader orders =
          new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
      for (String line = orders.readLine(); line != null; line = orders.readLine()) {
        System.out.println(obey(channel, line.split(" ", -1)));
      }
    }

    private String obey(DescriptorChannel channel, String... words) throws Exception {
      switch (words[0]) {
        case "receive" -> {
          DescriptorChannel.Message message = channel.receive();
          held.addAll(message.descriptors());
          return new String(message.payload(), StandardCharsets.UTF_8) + " "
              + message.descriptors().size() + " 0";
        }
        case "send" ->
          channel.send(
              words[1].getBytes(StandardCharsets.UTF_8), held.toArray(new ProcessDescriptor[0]));
        case "onward" ->
          DescriptorChannel.of(ONWARD)
              .send(new byte[] {'o'}, held.toArray(new ProcessDescriptor[0]));
        case "spawn" ->
          held.add(Run.sh("trap '' HUP INT QUIT TERM; exec sleep 1000")
              .stdin(Stdio.nullDevice())
              .stdout(Stdio.descriptor(HEART))
              .noNewPrivileges(words.length > 1 && words[1].equals("nnp"))
              .onClose(OnClose.KILL)
              .spawn());
        case "drop-heart" -> Descriptors.close(HEART);
        case "self" -> channel.send(new byte[] {'s'}, ProcessDescriptor.self());
        case "status" -> {
          return String.valueOf(held.get(0).waitFor());
        }
        // Blocks while a guardian is being replaced, until its successor has every registration.
        case "guard" -> Platform.current().mechanisms();
        case "kill" -> held.get(0).kill();
        case "close" -> {
          held.forEach(ProcessDescriptor::close);
          held.clear();
        }
        case "pid" -> {
          return Long.toString(ProcessHandle.current().pid());
        }
        case "exit" -> Runtime.getRuntime().halt(0);
        default -> {
          return "what?";
        }
      }
      return "ok";
    }
  }
}
