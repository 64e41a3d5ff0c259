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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The run-time linker and the directories of libraries, opened before capability mode makes their
 * names inaccessible. In that mode the kernel cannot open the linker that a program names, and
 * aborts the program. So the linker itself is executed, in its direct mode (rtld(1)):
 * {@code ld-elf.so.1 -f FD -- argv}. It maps the program, closes its descriptor, finds the
 * libraries through {@code LD_LIBRARY_PATH_FDS}, and removes its own arguments from argv.
 *
 * <p>The additional descriptors of the child are above the highest number that was requested: first
 * the program, which the linker closes, then the directories, which stay open for {@code dlopen}.
 *
 * <p>Rejected: to pass the libraries themselves to the child (LD_PRELOAD_FDS), because only the
 * linker can determine which they are, again for each library.
 */
final class RuntimeLinker {
  /** The path of the linker for 64-bit programs. */
  static final String PATH = "/libexec/ld-elf.so.1";

  private static final String LIBRARY_PATH_FDS = "LD_LIBRARY_PATH_FDS";

  private final int linker;
  private final List<Integer> directories;

  private RuntimeLinker(int linker, List<Integer> directories) {
    this.linker = linker;
    this.directories = directories;
  }

  /**
   * Opens the linker and the directories for the life of the JVM; empty if there is no linker.
   * Directories that cannot be opened are skipped, because the linker would find no library there.
   *
   * @throws ProcessDescriptorException if the system refuses to limit the rights of a directory
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
          // Every child receives the directories, so they are limited to loading libraries.
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

  /** Closes all descriptors, if the mode was not entered. */
  void close() {
    LibC.close(linker);
    directories.forEach(LibC::close);
  }

  /**
   * Adapts a request to capability mode, for the same child; unchanged if its program needs no
   * linker.
   *
   * @param opened empty if there was no linker to open
   * @throws SpawnException if the program cannot be run in capability mode
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
              + " to open before the mode was entered");
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
    int number = Collections.max(request.descriptors().keySet()) + 1;
    List<String> arguments =
        new ArrayList<>(List.of("ld-elf.so.1", "-f", String.valueOf(number), "--"));
    arguments.addAll(request.arguments());
    Map<Integer, Stdio> descriptors = new LinkedHashMap<>(request.descriptors());
    descriptors.put(number, Stdio.descriptor(program.fd()));
    List<Integer> numbers = new ArrayList<>();
    for (int directory : directories) {
      number++;
      descriptors.put(number, Stdio.descriptor(directory));
      numbers.add(number);
    }
    String path = numbers.stream().map(String::valueOf).collect(Collectors.joining(":"));
    // The directories of the request come first. The JVM's variable contains numbers of the JVM's
    // descriptors, so it is not used.
    String value = request
        .environment()
        .getOrDefault(LIBRARY_PATH_FDS, Optional.empty())
        .map(own -> own + ":" + path)
        .orElse(path);
    Map<String, Optional<String>> environment = new LinkedHashMap<>(request.environment());
    environment.put(LIBRARY_PATH_FDS, Optional.of(value));
    return request.executedBy(new Program.Descriptor(linker), arguments, environment, descriptors);
  }
}
