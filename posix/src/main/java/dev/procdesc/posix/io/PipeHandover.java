package dev.procdesc.posix.io;

import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.ffi.SystemNumbers;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The transfer of the parent's end of a pipe to another child. Meanwhile the end has no other user,
 * and blocks, because the mode belongs to the open file description that the child gets.
 */
public final class PipeHandover {
  private final PipeEnd pipe;
  private final StreamUse use;
  private final Optional<OwnedDescriptor.Loan> loan;

  /**
   * Begins the transfer of a pipe that was reserved by {@link StreamUse#beginStream()}.
   *
   * @param loan the descriptor; empty if the pipe is at its end of file
   */
  PipeHandover(PipeEnd pipe, StreamUse use, Optional<OwnedDescriptor.Loan> loan) {
    this.pipe = pipe;
    this.use = use;
    this.loan = loan;
    setFlags(0);
  }

  private void setFlags(int flags) {
    if (loan.isPresent()) {
      LibC.fcntl(loan.get().fd(), PosixNumbers.F_SETFL, flags);
    }
  }

  /** Returns the descriptor; empty for a pipe at its end of file. */
  public OptionalInt fd() {
    return loan.isPresent() ? OptionalInt.of(loan.get().fd()) : OptionalInt.empty();
  }

  /** Returns the pipe. */
  public PipeEnd pipe() {
    return pipe;
  }

  /**
   * Ends the transfer, once.
   *
   * @param given whether the child has the end now, so that this JVM gives it up; otherwise the
   *     pipe is as it was
   */
  public void end(boolean given) {
    if (!given) {
      setFlags(SystemNumbers.posix().oNonblock());
    }
    loan.ifPresent(OwnedDescriptor.Loan::close);
    use.endStream();
    if (given) {
      pipe.giveUp();
    }
  }
}
