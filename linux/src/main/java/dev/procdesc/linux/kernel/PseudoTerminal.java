package dev.procdesc.linux.kernel;

import dev.procdesc.SpawnException;
import dev.procdesc.SpawnException.Step;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeArena;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.spawn.TerminalPair;

/**
 * Opens pseudo-terminals. TIOCGPTPEER opens the terminal without its name, which may belong to
 * another terminal where {@code /dev/pts} is mounted anew.
 */
public final class PseudoTerminal {
  private static final String MASTER = "/dev/ptmx";
  private static final int FLAGS =
      PosixNumbers.O_RDWR | Numbers.O_NOCTTY | Numbers.POSIX.oCloexec();

  private PseudoTerminal() {}

  /**
   * Opens both ends.
   *
   * @throws SpawnException if that fails; neither end is open then
   */
  public static TerminalPair open() throws SpawnException {
    try (NativeArena arena = new NativeArena()) {
      int master = LibC.open(arena.string(MASTER), FLAGS, 0);
      if (master < 0) {
        throw failed("open", master);
      }
      int slave = unlock(master, arena);
      if (slave < 0) {
        LibC.close(master);
        throw failed("ioctl(TIOCGPTPEER)", slave);
      }
      return new TerminalPair(master, slave);
    }
  }

  /** Unlocks and opens the terminal; returns the descriptor or {@code -errno}. */
  private static int unlock(int master, NativeArena arena) {
    int outcome = LibC.ioctl(master, Numbers.TIOCSPTLCK, arena.words(0));
    return outcome < 0 ? outcome : LibC.ioctl(master, Numbers.TIOCGPTPEER, FLAGS);
  }

  private static SpawnException failed(String operation, int outcome) {
    String hint = switch (-outcome) {
      case Numbers.ENOSPC -> "the limit on terminals (kernel.pty.max) is reached";
      case PosixNumbers.EMFILE -> "the JVM has no descriptors left; raise its limit on open files";
      case PosixNumbers.EPERM, PosixNumbers.EACCES ->
        "a terminal for a child is opened by that name, which a sandbox may refuse";
      default -> "";
    };
    return Errors.spawn(Step.PREPARE, operation, MASTER, outcome, hint);
  }
}
