package dev.procdesc.posix.spawn;

import dev.procdesc.SpawnException;
import dev.procdesc.Stdio;
import dev.procdesc.TerminalSize;
import dev.procdesc.posix.ffi.Descriptors;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.JavaDescriptors;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeArena;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.ffi.SocketPairs;
import dev.procdesc.posix.ffi.SystemNumbers;
import dev.procdesc.posix.ffi.Terminals;
import dev.procdesc.posix.io.NullDevice;
import dev.procdesc.posix.io.OwnedDescriptor;
import dev.procdesc.posix.io.PipeEnd;
import dev.procdesc.posix.io.PipeHandover;
import dev.procdesc.posix.io.PipeInputImpl;
import dev.procdesc.posix.io.PipeOutputImpl;
import dev.procdesc.posix.io.SocketStreams;
import dev.procdesc.posix.io.Watcher;
import dev.procdesc.posix.process.ChildTerminal;
import dev.procdesc.spi.Redirect;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * The descriptors of a child that is being prepared. The parent opens all of them, close-on-exec,
 * and moves every source above every target, so that the child's dup2 calls cannot overwrite a
 * descriptor that another call still needs.
 */
public final class ChildDescriptors implements AutoCloseable {
  /** A descriptor of this JVM to be copied to a number in the child. */
  public record Placement(int source, int target) {}

  private static final String TERMINAL = "the terminal of the child";
  private static final String PREPARING = "a descriptor for the child";
  private static final int CLOSED = -PosixNumbers.EBADF;

  private final Map<Integer, Stdio> request;
  private final Watcher watcher;
  private final NativeArena arena;
  private final int above;
  private final Optional<ReservedNumbers> reserved;
  private final TerminalOpener opener;
  private final SortedSet<Integer> targets;
  private final List<Placement> placements = new ArrayList<>();
  private final List<Integer> opened = new ArrayList<>();

  /** The numbers of {@link #reserved} that are in use. */
  private final List<Integer> borrowed = new ArrayList<>(4);

  /** The sources that are ends of new pipes. */
  private final List<Integer> pipeEnds = new ArrayList<>(4);

  private final Map<Integer, PipeInputImpl> inputs = new HashMap<>(4);
  private final Map<Integer, PipeOutputImpl> outputs = new HashMap<>(4);

  /** The pipes of other children, in the order in which the child gets them. */
  private final List<PipeHandover> handovers = new ArrayList<>(0);

  /** The source of all descriptors that are the terminal of the child; empty before it is open. */
  private OptionalInt slave = OptionalInt.empty();

  private Optional<ChildTerminal> terminal = Optional.empty();

  /** The source of all descriptors that are the socket of the child; empty before it is open. */
  private OptionalInt socketEnd = OptionalInt.empty();

  private Optional<SocketStreams> socket = Optional.empty();
  private boolean handedOver;

  private ChildDescriptors(
      Map<Integer, Stdio> request,
      Watcher watcher,
      NativeArena arena,
      Optional<ReservedNumbers> reserved,
      TerminalOpener opener) {
    this.watcher = watcher;
    this.arena = arena;
    this.reserved = reserved;
    this.opener = opener;
    this.request = request;
    this.targets = new TreeSet<>(request.keySet());
    this.above = targets.last() + 1;
  }

  /**
   * Opens all descriptors of a request; if that fails, none stays open.
   *
   * @param reserved low numbers for the sources; empty if a low number is no advantage
   * @param opener opens a terminal if one is requested
   */
  public static ChildDescriptors open(
      Map<Integer, Stdio> request,
      Watcher watcher,
      NativeArena arena,
      Optional<ReservedNumbers> reserved,
      TerminalOpener opener)
      throws IOException {
    ChildDescriptors descriptors = new ChildDescriptors(request, watcher, arena, reserved, opener);
    try {
      for (int target : descriptors.targets) {
        descriptors.place(target, Objects.requireNonNull(request.get(target)));
      }
      return descriptors;
    } catch (IOException | RuntimeException e) {
      descriptors.close();
      throw e;
    }
  }

  private void place(int target, Stdio source) throws IOException {
    if (source instanceof Redirect.Inherit) {
      return;
    }
    placements.add(new Placement(source(target, source), target));
  }

  private int source(int target, Stdio source) throws IOException {
    if (source instanceof Redirect.Pipe pipe) {
      return pipe(target, pipe);
    }
    if (source instanceof Redirect.Null) {
      OptionalInt kept = NullDevice.kept();
      return kept.isPresent() ? duplicate(kept.getAsInt()) : openNullDevice();
    }
    if (source instanceof Redirect.File file) {
      return openFile(file);
    }
    if (source instanceof Redirect.Descriptor descriptor) {
      return duplicate(descriptor.fd());
    }
    if (source instanceof Redirect.Terminal wanted) {
      if (slave.isEmpty()) {
        slave = OptionalInt.of(openTerminal(wanted));
      }
      return slave.getAsInt();
    }
    if (source instanceof Redirect.FromPipe from && from.pipe() instanceof PipeInputImpl pipe) {
      return take(pipe.handover());
    }
    if (source instanceof Redirect.ToPipe to && to.pipe() instanceof PipeOutputImpl pipe) {
      return take(pipe.handover());
    }
    if (source instanceof Redirect.SocketPair) {
      if (socketEnd.isEmpty()) {
        socketEnd = OptionalInt.of(openSocket());
      }
      return socketEnd.getAsInt();
    }
    if (source instanceof Redirect.JavaDescriptor java) {
      return duplicate(JavaDescriptors.number(java.descriptor())
          .orElseThrow(() -> failed("fcntl(F_DUPFD_CLOEXEC)", "a FileDescriptor", CLOSED)));
    }
    if (!(source instanceof Redirect.Stdout)) {
      throw new IllegalArgumentException("not a pipe of this library: " + source);
    }
    // Standard error is redirected to standard output. 1 precedes 2, so its source is already
    // known.
    return placements.stream()
        .filter(placement -> placement.target() == 1)
        .findFirst()
        .map(Placement::source)
        .orElse(1);
  }

  private int take(PipeHandover pipe) throws IOException {
    handovers.add(pipe);
    OptionalInt fd = pipe.fd();
    // A pipe at its end of file is as good as the null device, and has no descriptor any more.
    return fd.isPresent() ? duplicate(fd.getAsInt()) : source(0, Redirect.Null.INSTANCE);
  }

  private int openNullDevice() throws IOException {
    int flags = PosixNumbers.O_RDWR | SystemNumbers.posix().oCloexec();
    int fd = LibC.open(arena.string(NullDevice.PATH), flags, 0);
    if (fd < 0) {
      throw failed("open", NullDevice.PATH, fd);
    }
    return moveUp(fd);
  }

  private int openFile(Redirect.File file) throws IOException {
    int fd = ChildFile.open(file);
    if (fd < 0) {
      throw failed("open", file.path(), fd);
    }
    return moveUp(fd);
  }

  private int pipe(int target, Redirect.Pipe pipe) throws IOException {
    boolean toChild =
        pipe == Redirect.Pipe.TO_CHILD || (pipe == Redirect.Pipe.AUTOMATIC && target == 0);
    int[] ends = new int[2];
    int outcome = Descriptors.pipe(ends, SystemNumbers.posix().oCloexec());
    if (outcome < 0) {
      throw failed("pipe2", "descriptor " + target, outcome);
    }
    int ours = toChild ? ends[1] : ends[0];
    LibC.fcntl(ours, PosixNumbers.F_SETFL, SystemNumbers.posix().oNonblock());
    OwnedDescriptor owned = OwnedDescriptor.take(ours, "the pipe at descriptor " + target);
    if (toChild) {
      outputs.put(target, new PipeOutputImpl(owned, watcher));
    } else {
      inputs.put(target, new PipeInputImpl(owned, watcher));
    }
    int end = moveUp(toChild ? ends[0] : ends[1]);
    pipeEnds.add(end);
    return end;
  }

  /** Opens the terminal of the child; returns the child's end. */
  private int openTerminal(Redirect.Terminal wanted) throws IOException {
    TerminalPair pair = opener.openTerminal();
    boolean owned = false;
    try {
      configure(pair.slave(), wanted);
      LibC.fcntl(pair.master(), PosixNumbers.F_SETFL, SystemNumbers.posix().oNonblock());
      int second = LibC.fcntl(pair.master(), SystemNumbers.posix().fDupfdCloexec(), 0);
      if (second < 0) {
        throw failed("fcntl(F_DUPFD_CLOEXEC)", "the terminal", second);
      }
      owned = true;
      // The streams are closed separately, so each of them has a descriptor.
      PipeInputImpl input = new PipeInputImpl(
          OwnedDescriptor.take(pair.master(), TERMINAL), watcher, PipeEnd.Kind.TERMINAL);
      PipeOutputImpl output = new PipeOutputImpl(
          OwnedDescriptor.take(second, TERMINAL), watcher, PipeEnd.Kind.TERMINAL);
      inputs.put(isTerminal(1) ? 1 : isTerminal(2) ? 2 : 0, input);
      outputs.put(isTerminal(0) ? 0 : isTerminal(1) ? 1 : 2, output);
      terminal = Optional.of(new ChildTerminal(input, output));
    } finally {
      if (!owned) {
        LibC.close(pair.master());
        LibC.close(pair.slave());
      }
    }
    return moveUp(pair.slave());
  }

  /** Opens the socket to the child; returns the child's end. */
  private int openSocket() throws IOException {
    int[] ends = new int[2];
    int outcome = SocketPairs.streams(ends);
    if (outcome < 0) {
      throw failed("socketpair", "the socket", outcome);
    }
    boolean owned = false;
    try {
      LibC.fcntl(ends[0], PosixNumbers.F_SETFL, SystemNumbers.posix().oNonblock());
      int second = LibC.fcntl(ends[0], SystemNumbers.posix().fDupfdCloexec(), 0);
      if (second < 0) {
        throw failed("fcntl(F_DUPFD_CLOEXEC)", "the socket", second);
      }
      owned = true;
      SocketStreams streams = new SocketStreams(ends[0], second, watcher);
      socket = Optional.of(streams);
      lowestSocket(1, 2).ifPresent(target -> outputs.put(target, streams.out()));
      lowestSocket(0, 0).ifPresent(target -> inputs.put(target, streams.in()));
    } finally {
      if (!owned) {
        LibC.close(ends[0]);
        LibC.close(ends[1]);
      }
    }
    return moveUp(ends[1]);
  }

  /** Returns the lowest number that is the socket, without those of one range. */
  private Optional<Integer> lowestSocket(int from, int to) {
    return targets.stream()
        .filter(target -> target < from || target > to)
        .filter(target -> request.get(target) instanceof Redirect.SocketPair)
        .findFirst();
  }

  private boolean isTerminal(int target) {
    return request.get(target) instanceof Redirect.Terminal;
  }

  /** Sets the modes and the size of a terminal that was just opened. */
  private void configure(int fd, Redirect.Terminal wanted) throws IOException {
    Optional<TerminalSize> size = wanted.size();
    if (wanted.like().isPresent()) {
      int like = wanted.like().getAsInt();
      Optional<byte[]> modes = Terminals.modes(like);
      if (modes.isEmpty()) {
        throw Errors.spawn(
            SpawnException.Step.PREPARE,
            "tcgetattr",
            "descriptor " + like,
            -PosixNumbers.ENOTTY,
            "it is not a terminal of this JVM");
      }
      check("tcsetattr", Terminals.setModes(fd, modes.get()));
      size = size.or(() -> Terminals.size(like));
    }
    if (size.isPresent()) {
      check("ioctl(TIOCSWINSZ)", Terminals.setSize(fd, size.get()));
    }
  }

  private void check(String operation, int outcome) throws SpawnException {
    if (outcome < 0) {
      throw failed(operation, "the terminal", outcome);
    }
  }

  /** Takes ownership of a descriptor and moves it to a number that no target has. */
  private int moveUp(int fd) throws IOException {
    if (fd >= above) {
      return keep(fd);
    }
    try {
      return duplicate(fd);
    } finally {
      LibC.close(fd);
    }
  }

  private int duplicate(int fd) throws IOException {
    int copy = LibC.fcntl(fd, SystemNumbers.posix().fDupfdCloexec(), above);
    if (copy < 0) {
      throw failed("fcntl(F_DUPFD_CLOEXEC)", fd, copy);
    }
    return keep(copy);
  }

  /** Keeps a source until the spawn ends, under a lower number if that is an advantage. */
  private int keep(int fd) {
    OptionalInt low = reserved.isPresent() ? reserved.get().place(fd, above) : OptionalInt.empty();
    if (low.isEmpty()) {
      opened.add(fd);
      return fd;
    }
    LibC.close(fd);
    borrowed.add(low.getAsInt());
    return low.getAsInt();
  }

  private SpawnException failed(String operation, Object subject, int outcome) {
    String hint = switch (-outcome) {
      case PosixNumbers.EBADF -> "it is not open in this JVM";
      case PosixNumbers.EMFILE -> "the JVM has no descriptors left; raise its limit on open files";
      case PosixNumbers.EINVAL ->
        "the child's descriptor " + targets.last() + " is beyond the JVM's limit on open files";
      default -> "";
    };
    return Errors.spawn(
        SpawnException.Step.PREPARE, operation, subject + ", " + PREPARING, outcome, hint);
  }

  /** Copies a descriptor to a number above every target, for use in the child. */
  public int lift(int fd) throws IOException {
    return duplicate(fd);
  }

  /** Returns the dup2 calls that the child must make, in any order. */
  public List<Placement> placements() {
    return placements;
  }

  /**
   * Returns the descriptors of this JVM that a child's script names: the sources and the lifted
   * ones.
   */
  public Set<Integer> needed() {
    Set<Integer> needed = new TreeSet<>(opened);
    needed.addAll(borrowed);
    for (Placement placement : placements) {
      needed.add(placement.source());
    }
    return needed;
  }

  /**
   * Returns the highest of the descriptors of this JVM that the child needs: the sources, those
   * that it inherits, and some more.
   */
  int highestNeeded(SortedSet<Integer> more) {
    return highest(more, true);
  }

  /**
   * Returns the highest of the descriptors of this JVM that the child needs besides the ends of its
   * new pipes.
   */
  int highestBesidesPipes(SortedSet<Integer> more) {
    return highest(more, false);
  }

  private int highest(SortedSet<Integer> more, boolean withPipes) {
    int highest = Math.max(more.isEmpty() ? 0 : more.last(), targets.last());
    for (Placement placement : placements) {
      if (withPipes || !pipeEnds.contains(placement.source())) {
        highest = Math.max(highest, placement.source());
      }
    }
    return highest;
  }

  /** Returns whether a new pipe has so high a number that the child had better open it by name. */
  public boolean hasDistantPipe() {
    for (int end : pipeEnds) {
      if (end > ReservedNumbers.LOW) {
        return true;
      }
    }
    return false;
  }

  /** Returns whether a source is the child's end of a new pipe. */
  boolean isPipeEnd(int source) {
    return pipeEnds.contains(source);
  }

  /** Returns whether the child reads from the new pipe at a number, instead of writing to it. */
  boolean isRead(int target) {
    return outputs.containsKey(target);
  }

  /**
   * Returns whether all numbers that the child inherits are open in this JVM, so that the child
   * opens nothing there.
   */
  boolean inheritsOpenNumbers() {
    for (Map.Entry<Integer, Stdio> entry : request.entrySet()) {
      if (entry.getValue() instanceof Redirect.Inherit
          && LibC.fcntl(entry.getKey(), PosixNumbers.F_GETFD, 0) < 0) {
        return false;
      }
    }
    return true;
  }

  /** Returns the descriptor of this JVM that the child gets at a number. */
  public OptionalInt sourceOf(int target) {
    if (!targets.contains(target)) {
      return OptionalInt.empty();
    }
    for (Placement placement : placements) {
      if (placement.target() == target) {
        return OptionalInt.of(placement.source());
      }
    }
    return OptionalInt.of(target);
  }

  /** Returns the numbers that stay open in the child, in ascending order. */
  public SortedSet<Integer> targets() {
    return targets;
  }

  /** Returns the parent's read ends by the child's numbers. */
  public Map<Integer, PipeInputImpl> inputs() {
    return inputs;
  }

  /** Returns the parent's write ends by the child's numbers. */
  public Map<Integer, PipeOutputImpl> outputs() {
    return outputs;
  }

  /** Returns the terminal of the child; empty if it was not requested. */
  public Optional<ChildTerminal> terminal() {
    return terminal;
  }

  /** Returns the socket to the child; empty if it was not requested. */
  public Optional<SocketStreams> socket() {
    return socket;
  }

  /** Returns the pipes of other children that the child gets. */
  public List<PipeEnd> givenPipes() {
    if (handovers.isEmpty()) {
      return List.of();
    }
    List<PipeEnd> pipes = new ArrayList<>(handovers.size());
    for (PipeHandover handover : handovers) {
      pipes.add(handover.pipe());
    }
    return pipes;
  }

  /**
   * Leaves the parent's ends of the pipes open: they now belong to the child object. Those of other
   * children's pipes belong to the child alone.
   */
  public void handOver() {
    handedOver = true;
  }

  @Override
  public void close() {
    for (int fd : opened) {
      LibC.close(fd);
    }
    opened.clear();
    for (int number : borrowed) {
      reserved.orElseThrow().giveBack(number);
    }
    borrowed.clear();
    for (PipeHandover handover : handovers) {
      handover.end(handedOver);
    }
    if (!handedOver) {
      inputs.values().forEach(PipeInputImpl::close);
      outputs.values().forEach(PipeOutputImpl::close);
      socket.ifPresent(SocketStreams::close);
    }
  }
}
