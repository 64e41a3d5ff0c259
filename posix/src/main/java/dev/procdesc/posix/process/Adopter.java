package dev.procdesc.posix.process;

import dev.procdesc.InheritedDescriptor;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.posix.io.OwnedDescriptor;
import dev.procdesc.spi.Adoption;
import dev.procdesc.spi.Announcement;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** Takes over descriptors of this JVM. Nothing is changed before everything was examined. */
public final class Adopter implements Adoption {
  /** The names of adopted descriptors in messages. */
  static final String PROCESS = "the descriptor of an adopted process";

  static final String LIFELINE = "the lifeline of an adopted process";

  /** Advice to the caller of a number that is not open. */
  static final String HINT =
      "it is not open in this JVM; ProcessDescriptor.open takes the ID of a process";

  private final ForeignProcesses calls;

  /** Creates an adopter for the descriptors of a system. */
  public Adopter(ForeignProcesses calls) {
    this.calls = calls;
  }

  @Override
  public ProcessDescriptor adopt(int fd, OptionalInt lifeline) throws ProcessDescriptorException {
    if (lifeline.isPresent() && lifeline.getAsInt() == fd) {
      throw new IllegalArgumentException(
          "a process descriptor and its lifeline are two descriptors; both are given as " + fd);
    }
    try (Claims claims = new Claims(HINT)) {
      OwnedDescriptor process = claims.claim(fd, PROCESS);
      requireProcess(fd);
      Optional<OwnedDescriptor> line = Optional.empty();
      if (lifeline.isPresent()) {
        int end = lifeline.getAsInt();
        line = Optional.of(claims.claim(end, LIFELINE));
        requireLifeline(end);
        Claims.closeOnExec(end);
      }
      Claims.closeOnExec(fd);
      ProcessDescriptor adopted = calls.wrap(process, line);
      claims.keep();
      return adopted;
    }
  }

  private void requireProcess(int fd) {
    if (!calls.isProcess(fd)) {
      throw new IllegalArgumentException(
          "descriptor " + fd + " is no process descriptor, but " + calls.describe(fd));
    }
  }

  private void requireLifeline(int fd) {
    if (!calls.isLifeline(fd)) {
      String what = calls.isProcess(fd) ? "a process descriptor" : calls.describe(fd);
      throw new IllegalArgumentException(
          "descriptor " + fd + " is no lifeline, which is the write end of a pipe, but " + what);
    }
  }

  @Override
  public List<InheritedDescriptor> inherit(Announcement announced)
      throws ProcessDescriptorException {
    return new Inheritance(calls, announced).take();
  }
}
