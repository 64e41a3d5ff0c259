package dev.procdesc.compat.c03_signals;

import static dev.procdesc.compat.support.Liveness.assertAlive;
import static dev.procdesc.compat.support.Liveness.assertDead;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.ClosedDescriptorException;
import dev.procdesc.DescriptorChannel;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.Feature;
import dev.procdesc.OnClose;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.Signal;
import dev.procdesc.SpawnException;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.Teardown;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Origin;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.ConcurrentCallers;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.RawPipe;
import dev.procdesc.compat.support.Run;
import dev.procdesc.testing.Await;
import dev.procdesc.testing.Timeouts;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Tests signals to process groups and control groups, and their end at the last close. */
@ExtendWith(LeakCheck.class)
@Tag(Tags.KERNELS)
final class GroupTest {
  /** Returns a leader with two members, which all have the pipe as their standard output. */
  private static Spawner family(RawPipe pipe) {
    return Run.sh("sleep 1000 & sleep 1000 & echo started; wait; wait")
        .stdin(Stdio.nullDevice())
        .stdout(pipe.writer())
        .newProcessGroup();
  }

  /** Returns a leader that exits at once, and whose member keeps running. */
  private static Spawner orphan(RawPipe pipe) {
    return Run.sh("sleep 1000 & echo started; exit 26")
        .stdin(Stdio.nullDevice())
        .stdout(pipe.writer())
        .newProcessGroup();
  }

  private static ChildProcess start(RawPipe pipe, Spawner spawner) throws Exception {
    ChildProcess child = spawner.spawn();
    pipe.given();
    assertEquals("started", pipe.line());
    return child;
  }

  @Test
  @Contract("C3")
  @Origin("swift-subprocess: teardown of process group")
  void aSignalReachesTheWholeGroup() throws Exception {
    Requires.feature(Feature.SIGNAL_GROUP);
    try (RawPipe pipe = RawPipe.open();
        ChildProcess leader = start(pipe, family(pipe))) {
      assertTrue(leader.signalGroup(Signal.CONT));
      assertAlive(pipe);
      assertTrue(leader.signalGroup(Signal.TERM));
      assertDead(pipe);
      assertEquals(Run.signaled(Signal.TERM), Run.end(leader));
    }
  }

  @Test
  @Contract("C3")
  void aSignalReachesTheGroupOfALeaderThatHasEnded() throws Exception {
    Requires.feature(Feature.SIGNAL_GROUP);
    try (RawPipe pipe = RawPipe.open();
        ChildProcess leader = start(pipe, orphan(pipe))) {
      assertEquals(new Exited(26), Run.end(leader));
      assertAlive(pipe);
      assertTrue(leader.signalGroup(Signal.TERM));
      assertDead(pipe);
      assertEquals(new Exited(26), Run.end(leader));
    }
  }

  @Test
  @Contract("C3")
  void aSignalToAnEmptyGroupReturnsFalse() throws Exception {
    Requires.feature(Feature.SIGNAL_GROUP);
    try (ChildProcess leader = Run.cat().newProcessGroup().spawn()) {
      assertTrue(leader.signalGroup(Signal.TERM));
      assertEquals(Run.signaled(Signal.TERM), Run.end(leader));
      // The exit status may be known before the kernel has removed the leader from its group.
      Await.until("the group is empty", () -> isEmpty(leader));
    }
  }

  private static boolean isEmpty(ChildProcess leader) {
    try {
      return !leader.signalGroup(Signal.TERM);
    } catch (ProcessDescriptorException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  @Contract("C3")
  void aSignalToAGroupDoesNotReachOtherGroups() throws Exception {
    Requires.feature(Feature.SIGNAL_GROUP);
    try (ChildProcess bystander = Run.cat().spawn();
        ChildProcess member = Run.cat().newProcessGroup().spawn()) {
      assertTrue(member.signalGroup(Signal.TERM));
      assertEquals(Run.signaled(Signal.TERM), Run.end(member));
      Run.assertEchoes(bystander);
    }
  }

  @Test
  @Contract("C9")
  void aGroupCannotBeSignalledAfterTheClose() throws Exception {
    Requires.feature(Feature.SIGNAL_GROUP);
    ChildProcess child = Run.cat().newProcessGroup().spawn();
    child.close();
    assertThrows(ClosedDescriptorException.class, () -> child.signalGroup(Signal.TERM));
  }

  @Test
  @Contract("C6")
  void closeKillsTheGroup() throws Exception {
    Requires.feature(Feature.KILL_GROUP);
    try (RawPipe pipe = RawPipe.open()) {
      start(pipe, family(pipe).onClose(OnClose.KILL_GROUP)).close();
      assertDead(pipe);
    }
  }

  @Test
  @Contract("C6")
  void closeKillsTheGroupOfALeaderThatHasEnded() throws Exception {
    Requires.feature(Feature.KILL_GROUP);
    try (RawPipe pipe = RawPipe.open()) {
      ChildProcess leader = start(pipe, orphan(pipe).onClose(OnClose.KILL_GROUP));
      assertEquals(new Exited(26), Run.end(leader));
      assertAlive(pipe);
      leader.close();
      assertDead(pipe);
    }
  }

  @Test
  @Contract({"C6", "C10"})
  void theLastHolderOfASentLeaderKillsTheGroup() throws Exception {
    Requires.feature(Feature.KILL_GROUP);
    Requires.feature(Feature.DESCRIPTOR_CHANNEL);
    try (DescriptorChannel.Pair pair = DescriptorChannel.pair();
        RawPipe pipe = RawPipe.open()) {
      ChildProcess leader = start(pipe, family(pipe).onClose(OnClose.KILL_GROUP));
      pair.first().send(new byte[] {1}, leader);
      leader.close();
      try (DescriptorChannel.Message message = pair.second().receive()) {
        assertAlive(message.descriptors().get(0));
        assertAlive(pipe);
      }
      assertDead(pipe);
    }
  }

  @Test
  @Contract({"C6", "C9"})
  void aLeaderThatFailsToExecuteLeavesNothing() throws Exception {
    Requires.feature(Feature.KILL_GROUP);
    Spawner nowhere =
        Spawner.of("/nonexistent/program").newProcessGroup().onClose(OnClose.KILL_GROUP);
    for (int i = 0; i < 10; i++) {
      assertThrows(SpawnException.class, () -> nowhere.spawn().close());
    }
  }

  @Test
  @Contract({"C6", "C11"})
  void concurrentClosesKillOnlyTheirOwnGroups() throws Exception {
    Requires.feature(Feature.KILL_GROUP);
    try (RawPipe survivor = RawPipe.open();
        ConcurrentCallers<Boolean> spawning = new ConcurrentCallers<>(Thread::new)) {
      ChildProcess stays = start(survivor, family(survivor).onClose(OnClose.KILL_GROUP));
      for (int i = 0; i < 8; i++) {
        spawning.add(() -> {
          try (RawPipe pipe = RawPipe.open()) {
            start(pipe, family(pipe).onClose(OnClose.KILL_GROUP)).close();
            assertDead(pipe);
            return true;
          }
        });
      }
      assertEquals(8, spawning.results().size());
      assertAlive(survivor);
      stays.close();
      assertDead(survivor);
    }
  }

  @Test
  @Contract("C9")
  void killGroupWithoutANewProcessGroupIsRefused() {
    Requires.feature(Feature.KILL_GROUP);
    assertThrows(
        IllegalArgumentException.class,
        () -> Run.cat().onClose(OnClose.KILL_GROUP).spawn().close());
  }

  @Test
  @Contract("C6")
  void closeKillsTheControlGroup() throws Exception {
    Requires.feature(Feature.KILL_CGROUP);
    Path group = Requires.cgroup();
    try (RawPipe pipe = RawPipe.open()) {
      // The grandchild has left the process group and the session.
      Spawner spawner = Run.sh("setsid sleep 1000 & echo started; wait")
          .stdin(Stdio.nullDevice())
          .stdout(pipe.writer())
          .cgroup(group)
          .onClose(OnClose.KILL_CGROUP);
      start(pipe, spawner).close();
      assertDead(pipe);
    } finally {
      Await.until("the control group is empty", () -> group.toFile().delete());
    }
    assertTrue(Files.notExists(group));
  }

  /**
   * Tests that a control group can be used again. Some kernels then kill each child that is created
   * in it (seen from 6.16 to 7.2).
   */
  @Test
  @Contract("C6")
  void aControlGroupThatWasKilledIsUsedAgain() throws Exception {
    Requires.feature(Feature.KILL_CGROUP);
    Path group = Requires.cgroup();
    try {
      Spawner spawner = Run.cat().cgroup(group).onClose(OnClose.KILL_CGROUP);
      for (int i = 0; i < 3; i++) {
        try (ChildProcess child = spawner.spawn()) {
          assertEquals(
              Long.toString(child.pid()),
              Files.readString(group.resolve("cgroup.procs")).strip());
          Run.assertEchoes(child);
        }
      }
      // A child that ends by itself is killed by nothing, and reported with its own status.
      try (ChildProcess child = Run.sh("exit 3").cgroup(group).spawn()) {
        assertEquals(new Exited(3), Run.end(child));
      }
    } finally {
      Await.until("the control group is empty", () -> group.toFile().delete());
    }
  }

  @Test
  @Contract("C9")
  void killCgroupWithoutAControlGroupIsRefused() {
    Requires.feature(Feature.KILL_CGROUP);
    assertThrows(
        IllegalArgumentException.class,
        () -> Run.cat().onClose(OnClose.KILL_CGROUP).spawn().close());
  }

  @Test
  @Contract("C3")
  @Origin("swift-subprocess: teardown of process group")
  void shutdownOfTheGroupLeavesNoMember() throws Exception {
    Requires.feature(Feature.SIGNAL_GROUP);
    try (RawPipe pipe = RawPipe.open();
        ChildProcess leader = start(pipe, orphan(pipe))) {
      assertEquals(new Exited(26), Run.end(leader));
      assertEquals(
          new Exited(26),
          leader.shutdown(Teardown.of(Signal.TERM, Timeouts.CEILING).ofGroup()));
      assertDead(pipe);
    }
  }
}
