package dev.procdesc.linux.kernel;

import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.SpawnException;
import dev.procdesc.SpawnException.Step;
import dev.procdesc.posix.ffi.Descriptors;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.Mapping;
import dev.procdesc.posix.ffi.NativeArena;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.ffi.SystemStrings;
import dev.procdesc.posix.spawn.ChildScript;
import dev.procdesc.posix.spawn.ChildScript.Purpose;
import dev.procdesc.posix.spawn.PosixSpawnCall;
import dev.procdesc.posix.spawn.SpawnStub;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/**
 * Launches children by the launcher, a small program that glibc's {@code pidfd_spawn} executes and
 * that executes the child's script; see {@code linux/src/main/native/launcher.c}. It replaces the
 * spawn stub where machine code cannot be mapped.
 *
 * <p>The script is in a memfd that the launcher maps at the same address, so that the JVM sees its
 * results. The descriptors that the script names stay open across the launcher's exec; the script
 * closes them with all other descriptors that were not requested.
 */
public final class LauncherProgram {
  private static final int HEXADECIMAL = 16;

  private static final Purpose BEGINNING = new Purpose(Step.PREPARE, "fcntl(F_SETFD)", "");
  private static final Purpose IDENTIFYING = new Purpose(Step.PREPARE, "getpid", "");

  /** The descriptor of the program, which stays open for the life of the JVM. */
  private final int program;

  private LauncherProgram(int program) {
    this.program = program;
  }

  /** Prepares the program for execution. */
  static LauncherProgram create() throws IOException {
    try (NativeArena arena = new NativeArena()) {
      return new LauncherProgram(Memfd.ofProgram("launcher", arena));
    }
  }

  /** Discards the program, which cannot be executed here. */
  void discard() {
    LibC.close(program);
  }

  /** Returns an empty arena that the launcher can map. */
  NativeArena arena() throws SpawnException {
    try {
      return NativeArena.inFile(Memfd.forScript());
    } catch (ProcessDescriptorException e) {
      throw Errors.spawn(Step.PREPARE, e.operation(), e.subject(), -e.errno(), "");
    }
  }

  /**
   * Begins a launch.
   *
   * @param arena an arena from {@link #arena}
   * @param above a number above all those of the child's descriptors
   */
  ScriptLaunch launch(NativeArena arena, int above) throws IOException {
    int[] ends = new int[2];
    int outcome = Descriptors.pipe(ends, Numbers.POSIX.oCloexec());
    if (outcome < 0) {
      throw failed("pipe2", outcome);
    }
    int readEnd = ends[0];
    int lifted = LibC.fcntl(ends[1], Numbers.POSIX.fDupfdCloexec(), above);
    LibC.close(ends[1]);
    if (lifted < 0) {
      LibC.close(readEnd);
      throw failed("fcntl(F_DUPFD_CLOEXEC)", lifted);
    }
    return new LauncherLaunch(program, arena, readEnd, lifted);
  }

  private static SpawnException failed(String operation, int outcome) {
    return Errors.spawn(Step.PREPARE, operation, "to detect the child's exec", outcome, "");
  }

  private static final class LauncherLaunch implements ScriptLaunch {
    private final int program;
    private final NativeArena arena;
    private final int readEnd;
    private final int writeEnd;
    private final NativeArena.Place ownId;
    private boolean writeEndIsOpen = true;

    LauncherLaunch(int program, NativeArena arena, int readEnd, int writeEnd) {
      this.program = program;
      this.arena = arena;
      this.readEnd = readEnd;
      this.writeEnd = writeEnd;
      this.ownId = arena.allocate(Long.BYTES);
    }

    @Override
    public String operation() {
      return "pidfd_spawn";
    }

    @Override
    public boolean sharesMemory() {
      return false;
    }

    @Override
    public Set<Integer> kept() {
      return Set.of(writeEnd);
    }

    @Override
    public void begin(ChildScript script) {
      closeOnExec(script, writeEnd);
      ownId.bytes().putLong(ownId.at(), 0);
      script.step(IDENTIFYING, Numbers.SYS_GETPID).storeAt(ownId.address());
    }

    @Override
    public void closeOnExec(ChildScript script, int fd) {
      script.step(BEGINNING, Numbers.SYS_FCNTL, fd, PosixNumbers.F_SETFD, PosixNumbers.FD_CLOEXEC);
    }

    @Override
    public SpawnStub.Run run(
        ChildScript script,
        NativeArena.Place pidfd,
        long flags,
        OptionalInt cgroup,
        Set<Integer> needed) {
      ChildScript.Written written = script.write(arena);
      int outcome;
      try {
        outcome = create(written.address(), needed);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      } finally {
        closeWriteEnd();
      }
      if (outcome < 0) {
        return written.outcome(outcome);
      }
      pidfd.bytes().putInt(pidfd.at(), outcome);
      int problem = awaitEndOfPipe();
      if (problem != 0) {
        Pidfd.reap(outcome);
        LibC.close(outcome);
        return written.outcome(-problem);
      }
      // The ID may be unknown, because other code reaped the child or because there is no source;
      // the child itself knows it.
      return written.outcome(
          Pidfd.pid(outcome, true).orElseGet(() -> ownId.bytes().getLong(ownId.at())));
    }

    /**
     * Creates the process of the launcher.
     *
     * @return its descriptor, or {@code -errno}
     */
    private int create(long script, Set<Integer> needed) throws IOException {
      int file = arena.file().orElseThrow();
      List<String> words =
          new ArrayList<>(List.of("procdesc-launcher", hex(file), hex(writeEnd), hex(script)));
      NativeArena.Place result = arena.allocate(Long.BYTES);
      long path = arena.string("/proc/self/fd/" + program);
      long all = PidfdSpawn.signalSet(arena, -1L);
      long environment = arena.strings(List.of());
      try (PosixSpawnCall call = new PosixSpawnCall(arena, PidfdSpawn.LIBRARY)) {
        call.setFlags(Numbers.POSIX_SPAWN_SETSIGDEF | Numbers.POSIX_SPAWN_SETSIGMASK);
        call.setSignals(all, all);
        // A copy to the same number is no longer close-on-exec.
        for (int fd : needed) {
          call.addCopy(fd, fd);
        }
        call.addCopy(file, file);
        call.addCopy(writeEnd, writeEnd);
        // All memory of the script has been allocated by now; only exec reads the memory allocated
        // below.
        for (Mapping piece : arena.mappings()) {
          words.add(hex(piece.address()));
          words.add(hex(piece.size()));
        }
        int error = call.spawn(result.address(), path, arena.strings(encoded(words)), environment);
        return error != 0 ? -error : result.bytes().getInt(result.at());
      }
    }

    private static List<byte[]> encoded(List<String> words) {
      List<byte[]> encoded = new ArrayList<>(words.size());
      for (String word : words) {
        encoded.add(SystemStrings.encode(word));
      }
      return encoded;
    }

    /**
     * Waits until the child has executed its program or ended; both close its end of the pipe.
     *
     * @return 0, or the error number that prevented the launcher from starting
     */
    private int awaitEndOfPipe() {
      NativeArena.Place word = arena.allocate(Long.BYTES);
      long count;
      do {
        count = LibC.read(readEnd, word.address(), Long.BYTES);
      } while (count == -PosixNumbers.EINTR);
      return count == Long.BYTES ? (int) word.bytes().getLong(word.at()) : 0;
    }

    private void closeWriteEnd() {
      if (writeEndIsOpen) {
        writeEndIsOpen = false;
        LibC.close(writeEnd);
      }
    }

    private static String hex(long number) {
      return Long.toString(number, HEXADECIMAL);
    }

    /** The exit signal tells nothing, because the launcher is itself a program. */
    @Override
    public boolean hasExecuted(int pidfd) {
      return true;
    }

    @Override
    public void close() {
      closeWriteEnd();
      LibC.close(readEnd);
    }
  }
}
