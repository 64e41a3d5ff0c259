package dev.procdesc.posix.spawn;

import dev.procdesc.posix.ffi.Descriptors;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.SystemNumbers;
import dev.procdesc.posix.io.Watcher;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.OptionalInt;

/**
 * Low descriptor numbers that are reserved for the descriptors of children. The kernel copies the
 * table of descriptors up to the highest one that a child needs, and gives out the lowest free
 * number; so in a JVM with thousands of open descriptors each spawn would copy all of them.
 *
 * <p>The numbers are occupied by copies of the read end of a pipe. They are reserved at the first
 * spawn, and again at the first one after an idle time.
 */
public final class ReservedNumbers implements Watcher.IdleTask {
  /** The number of descriptors for the pipes of 16 children that are created at once. */
  private static final int COUNT = 48;

  /**
   * Below this number, a descriptor is not worth the calls that move it, or open it by its name.
   */
  static final int LOW = 256;

  private final Deque<Integer> free = new ArrayDeque<>(COUNT);

  /** The read end of a pipe; empty if nothing is reserved. */
  private OptionalInt filler = OptionalInt.empty();

  /** The number of calls that copy {@link #filler}, which must stay open until they return. */
  private int copying;

  /** Set when a number was reserved or used since the last idle time. */
  private boolean used;

  /** Reserves numbers, unless that was done. */
  public synchronized void reserve() {
    used = true;
    if (filler.isPresent()) {
      return;
    }
    int[] ends = new int[2];
    if (Descriptors.pipe(ends, SystemNumbers.posix().oCloexec()) < 0) {
      return; // The spawn needs descriptors too, and reports the shortage.
    }
    filler = OptionalInt.of(ends[0]);
    LibC.close(ends[1]);
    for (int i = 0; i < COUNT; i++) {
      int number = LibC.fcntl(ends[0], SystemNumbers.posix().fDupfdCloexec(), 0);
      if (number < 0) {
        return;
      }
      free.add(number);
    }
  }

  /**
   * Copies a descriptor to a reserved number, close-on-exec, if that number is lower.
   *
   * @param above the lowest number that may be used
   * @return the number, for {@link #giveBack}; empty if the descriptor was not copied
   */
  OptionalInt place(int fd, int above) {
    OptionalInt number = fd < LOW ? OptionalInt.empty() : claim(fd, above);
    if (number.isPresent()
        && LibC.dup3(fd, number.getAsInt(), SystemNumbers.posix().oCloexec()) < 0) {
      giveBack(number.getAsInt());
      return OptionalInt.empty();
    }
    return number;
  }

  /** Removes a number between two others from the free ones. */
  private synchronized OptionalInt claim(int below, int above) {
    for (Iterator<Integer> numbers = free.iterator(); numbers.hasNext(); ) {
      int number = numbers.next();
      if (number >= above && number < below) {
        numbers.remove();
        used = true;
        return OptionalInt.of(number);
      }
    }
    return OptionalInt.empty();
  }

  /**
   * Closes the descriptor at a number, and reserves the number again. That close may block, if it
   * is the last of a file on a file system that does not answer, so no lock is held meanwhile.
   */
  void giveBack(int number) {
    OptionalInt copied = beginCopy();
    boolean reserved = copied.isPresent()
        && LibC.dup3(copied.getAsInt(), number, SystemNumbers.posix().oCloexec()) >= 0;
    if (!reserved) {
      LibC.close(number);
    }
    if (copied.isPresent()) {
      endCopy(number, reserved);
    }
  }

  private synchronized OptionalInt beginCopy() {
    if (filler.isPresent()) {
      copying++;
    }
    return filler;
  }

  private synchronized void endCopy(int number, boolean reserved) {
    copying--;
    if (reserved) {
      free.addFirst(number);
    }
  }

  /** Gives up the numbers if none was used since the last call. */
  @Override
  public synchronized void idle() {
    if (used || copying > 0) {
      used = false;
      return;
    }
    free.forEach(LibC::close);
    free.clear();
    filler.ifPresent(LibC::close);
    filler = OptionalInt.empty();
  }
}
