package dev.procdesc.linux.kernel;

import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.posix.ffi.Architecture;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeArena;
import dev.procdesc.posix.ffi.PosixNumbers;
import java.io.IOException;
import java.io.InputStream;

/** Creates files in memory, which have no name. Their descriptors are close-on-exec. */
public final class Memfd {
  private Memfd() {}

  /**
   * Creates a sealed, executable file with a program of this library. No file in a file system is
   * needed, which could be missing, on a noexec mount or replaced.
   *
   * @param name the name of the program
   */
  public static int ofProgram(String name, NativeArena arena) throws IOException {
    byte[] code;
    String resource = name + "-" + Architecture.CURRENT.gnuName() + ".bin";
    try (InputStream bytes = Memfd.class.getResourceAsStream("/dev/procdesc/linux/" + resource)) {
      if (bytes == null) {
        throw new IOException("there is no " + name + " for this machine");
      }
      code = bytes.readAllBytes();
    }
    int fd = create(arena, name, Numbers.MFD_ALLOW_SEALING, Numbers.MFD_EXEC);
    NativeArena.Place copy = arena.allocate(code.length);
    copy.bytes().put(copy.at(), code);
    long written = LibC.write(fd, copy.address(), code.length);
    int sealed = LibC.fcntl(fd, Numbers.F_ADD_SEALS, Numbers.ALL_SEALS);
    if (written != code.length || sealed < 0) {
      LibC.close(fd);
      throw Errors.failed("fcntl(F_ADD_SEALS)", "the " + name, Math.min(sealed, -1));
    }
    return fd;
  }

  /** Creates an empty file for the script of a child. */
  static int forScript() throws ProcessDescriptorException {
    try (NativeArena arena = new NativeArena()) {
      return create(arena, "script", 0, Numbers.MFD_NOEXEC_SEAL);
    }
  }

  private static int create(NativeArena arena, String name, int flags, int sinceLinux63)
      throws ProcessDescriptorException {
    long label = arena.string("procdesc-" + name);
    int fd = Syscalls.memfdCreate(label, Numbers.MFD_CLOEXEC | flags | sinceLinux63);
    if (fd == -PosixNumbers.EINVAL) {
      fd = Syscalls.memfdCreate(label, Numbers.MFD_CLOEXEC | flags); // Linux before 6.3.
    }
    if (fd < 0) {
      throw Errors.failed("memfd_create", "the " + name, fd);
    }
    return fd;
  }
}
