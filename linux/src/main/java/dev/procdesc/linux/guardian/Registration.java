package dev.procdesc.linux.guardian;

import dev.procdesc.OnClose;
import dev.procdesc.SpawnException;
import dev.procdesc.linux.kernel.Numbers;
import dev.procdesc.posix.ffi.NativeArena;
import dev.procdesc.posix.io.OwnedDescriptor;
import dev.procdesc.posix.spawn.ChildScript;
import dev.procdesc.posix.spawn.ChildScript.Purpose;
import java.util.Optional;

/**
 * The registration of a child with the guardian.
 *
 * @param id the number of the registration in messages
 * @param link the guardian that the child notifies
 * @param kind the processes to be killed
 * @param cgroupKill the open {@code cgroup.kill}, for {@link OnClose#KILL_CGROUP}
 * @param byTable whether the child must be created with this JVM's descriptor table, in which the
 *     kernel has just stored its pidfd: the guardian is not informed of the sender, and the child
 *     has no permission to open itself
 */
public record Registration(
    long id, Link link, OnClose kind, Optional<OwnedDescriptor> cgroupKill, boolean byTable) {
  private static final Purpose GUARDING =
      new Purpose(SpawnException.Step.GUARD, "tell the guardian", "");

  /** Returns the flags of the message that registers the child. */
  int flags() {
    if (kind == OnClose.KILL_GROUP) {
      return Message.FLAG_GROUP;
    }
    return kind == OnClose.KILL_CGROUP ? Message.FLAG_CGROUP : 0;
  }

  /**
   * Allocates the place for the pidfd from clone. It is in a control message, so that a child that
   * shares this JVM's descriptor table can send the message unchanged.
   */
  public static NativeArena.Place placeForPidfd(NativeArena arena) {
    NativeArena.Place control = arena.allocate(Message.CONTROL_SIZE);
    return new NativeArena.Place(
        control.address() + Numbers.CMSG_DATA, control.memory(), control.at() + Numbers.CMSG_DATA);
  }

  /**
   * Adds the message that registers the child to its script.
   *
   * @param socket this JVM's end of the socket, which the child also has until it executes its
   *     program
   * @param pidfd the place from {@link #placeForPidfd}
   */
  public void tell(int socket, NativeArena.Place pidfd, ChildScript script, NativeArena arena) {
    boolean bySender = link.bySender();
    int flags = flags() | (bySender ? Message.FLAG_SENDER : 0);
    int descriptors = (bySender ? 0 : 1) + (cgroupKill.isPresent() ? 1 : 0);
    NativeArena.Place header = new Message(Message.REGISTER, flags, id).write(arena, descriptors);
    if (byTable) {
      long control = pidfd.address() - Numbers.CMSG_DATA;
      header.bytes().putLong(header.at() + Numbers.MSGHDR_CONTROL, control);
      Message.writeControl(pidfd.bytes(), pidfd.at() - Numbers.CMSG_DATA, descriptors);
      if (cgroupKill.isPresent()) {
        pidfd.bytes().putInt(pidfd.at() + Integer.BYTES, cgroupKill.get().number());
      }
      script.step(GUARDING, Numbers.SYS_SENDMSG, socket, header.address(), Numbers.MSG_NOSIGNAL);
      return;
    }
    long data = header.address() + Message.DESCRIPTORS_AT;
    if (!bySender) {
      // Before Linux 6.5 the kernel does not report the sender by descriptor, so the child opens
      // one.
      script.step(GUARDING, Numbers.SYS_GETPID).passOn(0);
      script.step(GUARDING, Numbers.SYS_PIDFD_OPEN, 0, 0).storeAt(data);
      data += Integer.BYTES;
    }
    if (cgroupKill.isPresent() && bySender) {
      header
          .bytes()
          .putInt(header.at() + Message.DESCRIPTORS_AT, cgroupKill.get().number());
    } else if (cgroupKill.isPresent()) {
      // A result is stored as a word, so a later one must be stored after an earlier one.
      int kill = cgroupKill.get().number();
      script
          .step(GUARDING, Numbers.SYS_FCNTL, kill, Numbers.POSIX.fDupfdCloexec(), 0)
          .storeAt(data);
    }
    script.step(GUARDING, Numbers.SYS_SENDMSG, socket, header.address(), Numbers.MSG_NOSIGNAL);
  }
}
