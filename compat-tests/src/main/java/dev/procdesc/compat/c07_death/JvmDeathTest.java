package dev.procdesc.compat.c07_death;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.procdesc.ChildProcess;
import dev.procdesc.Feature;
import dev.procdesc.OnClose;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Origin;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.ChildJvm;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Scenario;
import dev.procdesc.compat.support.Text;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The death of the JVM is a close. The children hold the JVM's standard output: its end of file,
 * seen from here, says that the last one has gone.
 */
@ExtendWith(LeakCheck.class)
@Tag(Tags.JVM)
final class JvmDeathTest {
  private static final int CHILDREN = 5;

  /** What a JVM may die of. */
  enum Cause {
    /** {@code System.exit}, with shutdown hooks. */
    EXIT,
    /** {@code Runtime.halt}, without. */
    HALT,
    /** An uncaught error in the main thread. */
    ERROR,
    /** A signal that nobody can catch. */
    KILL
  }

  /** Starts children that do not end by themselves, says so, and dies. */
  public static final class Dies implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      OnClose onClose = OnClose.valueOf(arguments[1]);
      // The end of its input is the death of this JVM. Who is killed does not live to say so.
      Spawner spawner =
          Spawner.of("/bin/sh", "-c", "cat; echo survived").stdin(Stdio.pipe()).onClose(onClose);
      if (onClose == OnClose.KILL) {
        spawner = Spawner.of("/bin/sleep", "1000").stdin(Stdio.nullDevice()).onClose(onClose);
      } else if (onClose == OnClose.KILL_GROUP) {
        spawner = Spawner.of("/bin/sh", "-c", "sleep 1000 & sleep 1000 & wait")
            .stdin(Stdio.nullDevice())
            .newProcessGroup()
            .onClose(onClose);
      }
      List<ChildProcess> children = new ArrayList<>();
      for (int i = 0; i < CHILDREN; i++) {
        children.add(spawner.spawn());
      }
      System.out.println("started " + children.size());
      System.out.flush();
      switch (Cause.valueOf(arguments[0])) {
        case EXIT -> System.exit(0);
        case HALT -> Runtime.getRuntime().halt(0);
        case ERROR -> throw new StackOverflowError("on purpose");
        case KILL -> kill();
      }
    }

    private static void kill() throws Exception {
      String pid = Long.toString(ProcessHandle.current().pid());
      try (ChildProcess killer =
          Spawner.of("/bin/sh", "-c", "kill -KILL " + pid).spawn()) {
        killer.waitFor();
      }
    }
  }

  /**
   * Runs {@link Dies}, and returns all that it and its children have said up to the last one's end.
   */
  private static String lastWords(Cause cause, OnClose onClose) throws Exception {
    // Not by ProcessBuilder, which closes its end of the pipe when the JVM ends.
    try (ChildProcess jvm = Run.piped(
            Spawner.of(ChildJvm.of(Dies.class, cause.name(), onClose.name()).command()))
        .spawn()) {
      jvm.stdin().close();
      return Text.all(jvm.stdout());
    }
  }

  @ParameterizedTest
  @EnumSource(Cause.class)
  @Contract("C7")
  @Origin("capsicum-test: Pdfork.Bagpuss")
  void theChildrenDieWithTheJvm(Cause cause) throws Exception {
    Requires.feature(Feature.KILL_ON_JVM_DEATH);
    assertEquals("started " + CHILDREN, lastWords(cause, OnClose.KILL));
  }

  @ParameterizedTest
  @EnumSource(Cause.class)
  @Contract("C7")
  void theGroupsDieWithTheJvm(Cause cause) throws Exception {
    Requires.feature(Feature.KILL_ON_JVM_DEATH);
    Requires.feature(Feature.KILL_GROUP);
    assertEquals("started " + CHILDREN, lastWords(cause, OnClose.KILL_GROUP));
  }

  @ParameterizedTest
  @EnumSource(Cause.class)
  @Contract("C7")
  @Origin("capsicum-test: Pdfork.BagpussDaemon")
  void releasedChildrenLiveOn(Cause cause) throws Exception {
    assertEquals(
        "started " + CHILDREN + "\nsurvived".repeat(CHILDREN), lastWords(cause, OnClose.RELEASE));
  }
}
