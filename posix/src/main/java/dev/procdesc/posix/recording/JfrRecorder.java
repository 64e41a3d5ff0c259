package dev.procdesc.posix.recording;

import dev.procdesc.ExitStatus;
import dev.procdesc.OnClose;
import java.util.OptionalLong;
import jdk.jfr.FlightRecorder;
import org.jspecify.annotations.Nullable;

/**
 * Records events of the Flight Recorder. An event that is not enabled costs the creation of its
 * object.
 */
final class JfrRecorder extends Recorder {
  /** The ID of a process whose ID is unknown; an event has no optional numbers. */
  private static final long UNKNOWN = 0;

  private JfrRecorder() {}

  /** Returns a recorder if a recording was started in this JVM; null before. */
  static @Nullable Recorder start() {
    return FlightRecorder.isInitialized() ? new JfrRecorder() : null;
  }

  static long number(OptionalLong pid) {
    return pid.orElse(UNKNOWN);
  }

  @Override
  public Spawn beginSpawn(String program, String mechanism, OnClose onClose) {
    SpawnEvent event = new SpawnEvent(program, mechanism, onClose);
    event.begin();
    return event;
  }

  @Override
  public Life beginLife() {
    ChildExitEvent event = new ChildExitEvent();
    event.begin();
    return event;
  }

  @Override
  public void ended(OptionalLong pid, ExitStatus status) {
    new ChildExitEvent().ended(pid, status);
  }

  @Override
  public void killed(OptionalLong pid) {
    KillOnCloseEvent event = new KillOnCloseEvent();
    event.pid = number(pid);
    event.commit();
  }

  @Override
  public void guardianStarted(long pid, boolean replacement, int children) {
    GuardianStartEvent event = new GuardianStartEvent();
    event.pid = pid;
    event.replacement = replacement;
    event.children = children;
    event.commit();
  }

  @Override
  public Transfer beginSend() {
    DescriptorSendEvent event = new DescriptorSendEvent();
    event.begin();
    return event;
  }

  @Override
  public Transfer beginReceive() {
    DescriptorReceiveEvent event = new DescriptorReceiveEvent();
    event.begin();
    return event;
  }
}
