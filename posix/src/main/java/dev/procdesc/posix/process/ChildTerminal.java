package dev.procdesc.posix.process;

import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.Terminal;
import dev.procdesc.TerminalSize;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.Terminals;
import dev.procdesc.posix.io.OwnedDescriptor;
import dev.procdesc.posix.io.PipeEnd;
import dev.procdesc.posix.io.PipeInputImpl;
import dev.procdesc.posix.io.PipeOutputImpl;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.IntFunction;

/**
 * The master of the terminal of a child. It has no descriptor of its own, so that the terminal is
 * hung up when both streams are closed; it uses that of a stream which is open.
 */
public final class ChildTerminal implements Terminal {
  private final PipeInputImpl input;
  private final PipeOutputImpl output;

  /** Creates the object for the streams from and to one terminal. */
  public ChildTerminal(PipeInputImpl input, PipeOutputImpl output) {
    this.input = input;
    this.output = output;
  }

  /** Calls a function with the descriptor; returns its result, or another if it is closed. */
  private <T> T call(IntFunction<T> function, T closed) {
    for (PipeEnd stream : List.of(output, input)) {
      try (OwnedDescriptor.Loan loan = stream.end().lend()) {
        return function.apply(loan.fd());
      } catch (ClosedChannelException e) {
        // The other stream may be open.
      }
    }
    return closed;
  }

  @Override
  public Optional<TerminalSize> size() {
    return call(Terminals::size, Optional.empty());
  }

  @Override
  public boolean resize(TerminalSize size) throws ProcessDescriptorException {
    OptionalInt outcome =
        call(fd -> OptionalInt.of(Terminals.setSize(fd, size)), OptionalInt.empty());
    if (outcome.orElse(0) < 0) {
      throw Errors.failed("ioctl(TIOCSWINSZ)", "the terminal of the child", outcome.getAsInt());
    }
    return outcome.isPresent();
  }

  @Override
  public OptionalInt endOfFileCharacter() {
    return call(Terminals::endOfFile, OptionalInt.empty());
  }

  @Override
  public void sendEndOfFile() throws IOException {
    output.write(endOfFileCharacter()
        .orElseThrow(() ->
            new IllegalStateException("the terminal has no character that is the end of file")));
  }
}
