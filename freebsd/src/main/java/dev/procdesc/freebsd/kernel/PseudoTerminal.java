package dev.procdesc.freebsd.kernel;

import dev.procdesc.SpawnException;
import dev.procdesc.SpawnException.Step;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeArena;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.spawn.TerminalPair;

/**
 * Opens pseudo-terminals. The kernel makes a terminal ready by {@code posix_openpt}; grantpt(3) and
 * unlockpt(3) change nothing. The name is that of ptsname(3), which has one buffer for all threads.
 */
public final class PseudoTerminal {
  private static final String DEVICES = "/dev/";

  /** More than SPECNAMELEN, sys/param.h. */
  private static final int NAME_SIZE = 512;

  private static final int FLAGS =
      PosixNumbers.O_RDWR | Numbers.O_NOCTTY | Numbers.POSIX.oCloexec();

  private PseudoTerminal() {}

  /**
   * Opens both ends.
   *
   * @throws SpawnException if that fails; neither end is open then
   */
  public static TerminalPair open() throws SpawnException {
    int master = Syscalls.posixOpenpt(FLAGS);
    if (master < 0) {
      throw failed("posix_openpt", "", master);
    }
    boolean opened = false;
    try (NativeArena arena = new NativeArena()) {
      String name = DEVICES + name(master, arena);
      int slave = LibC.open(arena.string(name), FLAGS, 0);
      if (slave < 0) {
        throw failed("open", name, slave);
      }
      opened = true;
      return new TerminalPair(master, slave);
    } finally {
      if (!opened) {
        LibC.close(master);
      }
    }
  }

  private static String name(int master, NativeArena arena) throws SpawnException {
    NativeArena.Place name = arena.allocate(NAME_SIZE);
    NativeArena.Place argument = arena.allocate(Numbers.FIODGNAME_ARG_SIZE);
    argument
        .bytes()
        .putInt(argument.at() + Numbers.FIODGNAME_ARG_LEN, NAME_SIZE)
        .putLong(argument.at() + Numbers.FIODGNAME_ARG_BUF, name.address());
    int outcome = LibC.ioctl(master, Numbers.FIODGNAME, argument.address());
    if (outcome < 0) {
      throw failed("ioctl(FIODGNAME)", "the terminal", outcome);
    }
    StringBuilder text = new StringBuilder();
    for (int at = name.at(); name.bytes().get(at) != 0; at++) {
      text.append((char) name.bytes().get(at));
    }
    return text.toString();
  }

  private static SpawnException failed(String operation, String subject, int outcome) {
    String hint = switch (-outcome) {
      case PosixNumbers.EMFILE -> "the JVM has no descriptors left; raise its limit on open files";
      case Numbers.ECAPMODE -> "in capability mode a terminal cannot be opened by its name";
      default ->
        outcome == -Numbers.POSIX.eagain()
            ? "the limit on terminals (RLIMIT_NPTS, rctl) is reached"
            : "";
    };
    return Errors.spawn(Step.PREPARE, operation, subject, outcome, hint);
  }
}
