package dev.procdesc.compat.c07_death;

import dev.procdesc.ChildProcess;
import dev.procdesc.OnClose;
import dev.procdesc.Signal;
import dev.procdesc.Spawner;
import dev.procdesc.compat.support.ChildJvm;
import dev.procdesc.compat.support.Host;
import dev.procdesc.compat.support.KillableJvm;
import dev.procdesc.compat.support.Libc;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Scenario;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A JVM that is to die: starts children, reports {@code ready}, and obeys orders. */
public final class ParentJvm implements Scenario {
  private int count = 1;
  private Spawner spawner = KillableJvm.child(KillableJvm.STAY);

  /** An error that is not caught, on purpose. */
  private static final class OnPurpose extends Error {
    private static final long serialVersionUID = 1L;
  }

  /**
   * Returns the command of a JVM with children that stay.
   *
   * @param options {@code count=5}, their number; {@code script=…}, their program; the others set
   *     an option of the {@link Spawner} or change the JVM itself
   */
  static ChildJvm with(String... options) {
    return KillableJvm.cheap(ChildJvm.of(ParentJvm.class, options));
  }

  /** Returns the command of a JVM with a number of children that stay. */
  static ChildJvm with(int count) {
    return with("count=" + count);
  }

  @Override
  public void run(String... options) throws Exception {
    for (String option : options) {
      int equals = option.indexOf('=');
      set(
          equals < 0 ? option : option.substring(0, equals),
          equals < 0 ? "" : option.substring(equals + 1));
    }
    List<ChildProcess> children = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      children.add(spawner.spawn());
    }
    KillableJvm.say("ready");
    BufferedReader orders =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String order = orders.readLine(); order != null; order = orders.readLine()) {
      obey(order, children);
    }
  }

  /** Waits for an order to continue: a line, or the end of the input. */
  static void awaitOrder() throws IOException {
    int next;
    do {
      next = System.in.read();
    } while (next >= 0 && next != '\n');
  }

  private void set(String option, String value) throws Exception {
    switch (option) {
      case "count" -> count = Integer.parseInt(value);
      case "script" -> spawner = KillableJvm.child(value);
      case "onClose" -> spawner = spawner.onClose(OnClose.valueOf(value));
      case "group" -> spawner = spawner.newProcessGroup();
      case "cgroup" -> spawner = spawner.cgroup(Path.of(value));
      case "block" -> spawner = spawner.blockedSignals(Signal.standard().toArray(Signal[]::new));
      case "nnp" -> spawner = spawner.noNewPrivileges(true);
      // The other user may not be permitted to enter this user's directory.
      case "user" -> spawner = spawner.user(value).directory(Path.of("/"));
      // As a job of a terminal.
      case "lead" -> Host.check(Host.C::setsid);
      case "become" -> become(Integer.parseInt(value));
      default -> throw new IllegalArgumentException(option);
    }
  }

  /** Becomes another user, after a spawn has opened all that needs the present one. */
  private void become(int user) throws Exception {
    try (ChildProcess first = Spawner.of(Run.TRUE).onClose(OnClose.RELEASE).spawn()) {
      first.waitFor();
    }
    Libc.check(() -> Libc.C.setuid(user));
    spawner = spawner.directory(Path.of("/"));
  }

  private static void obey(String order, List<ChildProcess> children) {
    switch (order) {
      case "count" ->
        KillableJvm.say(
            "alive " + children.stream().filter(ChildProcess::isAlive).count());
      case "exit" -> System.exit(7);
      case "halt" -> Runtime.getRuntime().halt(8);
      case "throw" -> throw new OnPurpose();
      case "devour" -> devour();
      default -> throw new IllegalArgumentException(order);
    }
  }

  private static void devour() {
    List<long[]> all = new ArrayList<>();
    while (!all.contains(null)) {
      all.add(new long[1 << 20]);
    }
  }
}
