package dev.procdesc.freebsd.capsicum;

import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.SpawnException;
import dev.procdesc.SpawnException.Step;
import dev.procdesc.Stdio;
import dev.procdesc.freebsd.kernel.Numbers;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeArena;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.spi.Program;
import dev.procdesc.spi.SpawnRequest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The run-time linker and the directories of libraries, opened before capability mode shuts their
 * names. There the kernel cannot open the linker that a program names, and aborts the program. So
 * the linker is what is executed, in its direct mode (rtld(1)): {@code ld-elf.so.1 -f FD -- argv}.
 * It maps the program, closes its descriptor, finds the libraries through
 * {@code LD_LIBRARY_PATH_FDS}, and removes its own words from argv.
 *
 * <p>What the child gets for it stands behind the highest number that it was to have: first the
 * program, which the linker closes, then the directories, which stay open for {@code dlopen}.
 *
 * <p>Rejected: to put the libraries themselves into the child (LD_PRELOAD_FDS), because which they
 * are is the linker's to find out, for each library again.
 */
final class RuntimeLinker {
  /** Its name, in programs of 64 bits. */
  static final String PATH = "/libexec/ld-elf.so.1";

  private static final String LIBRARY_PATH_FDS = "LD_LIBRARY_PATH_FDS";

  private final int linker;
  private final List<Integer> directories;

  private RuntimeLinker(int linker, List<Integer> directories) {
    this.linker = linker;
    this.directories = directories;
  }

  /**
   * Opens all of it, for as long as the JVM lives; empty if there is no linker. A directory that
   * cannot be opened is one where the linker would find nothing.
   *
   * @throws ProcessDescriptorException if the system refuses to limit what a directory can be used
   *     for
   */
  static Optional<RuntimeLinker> open() throws ProcessDescriptorException {
    int linker = openFor(PATH, 0);
    if (linker < 0) {
      return Optional.empty();
    }
    List<Integer> directories = new ArrayList<>();
    RuntimeLinker opened = new RuntimeLinker(linker, Collections.unmodifiableList(directories));
    try {
      for (String path : LibraryPath.directories()) {
        int fd = openFor(path, Numbers.POSIX.oDirectory());
        if (fd >= 0) {
          directories.add(fd);
          // What every child gets is for loading libraries, and for nothing else.
          Rights.limitToLibraries(fd);
        }
      }
      return Optional.of(opened);
    } catch (ProcessDescriptorException e) {
      opened.close();
      throw e;
    }
  }

  private static int openFor(String path, int flags) {
    try (NativeArena arena = new NativeArena()) {
      return LibC.open(
          arena.string(path), PosixNumbers.O_RDONLY | flags | Numbers.POSIX.oCloexec(), 0);
    }
  }

  /** For when the mode was not entered. */
  void close() {
    LibC.close(linker);
    directories.forEach(LibC::close);
  }

  /**
   * The request for the same child by what capability mode allows: unchanged if its program needs
   * no linker.
   *
   * @param opened empty if there was no linker to be opened
   * @throws SpawnException if the program cannot be run there
   */
  static SpawnRequest reach(SpawnRequest request, Optional<RuntimeLinker> opened)
      throws SpawnException {
    if (!(request.program() instanceof Program.Descriptor program)) {
      return request;
    }
    Optional<String> interpreter = Elf.interpreter(program.fd());
    if (interpreter.isEmpty()) {
      return request;
    }
    if (!interpreter.get().equals(PATH)) {
      throw refused(
          program,
          Numbers.ECAPMODE,
          "in capability mode a program's run-time linker must be "
              + PATH
              + ", and not "
              + interpreter.get());
    }
    if (opened.isEmpty()) {
      throw refused(
          program,
          Numbers.ECAPMODE,
          "in capability mode a program must be static: there was no "
              + PATH
              + " to be opened before it was entered");
    }
    if (request.arguments().isEmpty()) {
      throw refused(
          program, PosixNumbers.EINVAL, "the run-time linker needs an argv[0] for the program");
    }
    return opened.get().execute(request, program);
  }

  private static SpawnException refused(Program.Descriptor program, int errno, String why) {
    return Errors.spawn(Step.EXECUTE, "fexecve", "descriptor " + program.fd(), -errno, why);
  }

  private SpawnRequest execute(SpawnRequest request, Program.Descriptor program) {
    SpawnRequest.Changes changes = request.change();
    int number = Collections.max(request.descriptors().keySet()) + 1;
    List<String> arguments =
        new ArrayList<>(List.of("ld-elf.so.1", "-f", String.valueOf(number), "--"));
    arguments.addAll(request.arguments());
    changes.program = new Program.Descriptor(linker);
    changes.arguments = arguments;
    changes.descriptors.put(number, Stdio.descriptor(program.fd()));
    List<Integer> numbers = new ArrayList<>();
    for (int directory : directories) {
      number++;
      changes.descriptors.put(number, Stdio.descriptor(directory));
      numbers.add(number);
    }
    String path = numbers.stream().map(String::valueOf).collect(Collectors.joining(":"));
    // What the request itself gives comes first; what the JVM has are numbers of the JVM's.
    String value = request
        .environment()
        .getOrDefault(LIBRARY_PATH_FDS, Optional.empty())
        .map(own -> own + ":" + path)
        .orElse(path);
    changes.environment.put(LIBRARY_PATH_FDS, Optional.of(value));
    return changes.done();
  }
}
