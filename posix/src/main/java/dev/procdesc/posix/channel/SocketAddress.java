package dev.procdesc.posix.channel;

import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.NativeMemory;
import dev.procdesc.posix.ffi.SocketNumbers;
import dev.procdesc.posix.ffi.SystemNumbers;
import dev.procdesc.posix.ffi.SystemStrings;
import java.nio.file.Path;
import java.util.Arrays;

/** The address of a UNIX domain socket: the {@code sun_path} of a {@code struct sockaddr_un}. */
final class SocketAddress {
  private static final int PATH = 2;

  private final SocketNumbers numbers = SystemNumbers.sockets();
  private final String text;

  /** The bytes of the address: a path and its NUL, or a NUL and an abstract name. */
  private final byte[] bytes;

  private SocketAddress(String text, byte[] bytes) {
    if (bytes.length > numbers.pathSize()) {
      throw new IllegalArgumentException(
          "the path of a socket is at most " + (numbers.pathSize() - 1) + " bytes long: " + text);
    }
    this.text = text;
    this.bytes = bytes;
  }

  /** A system call that takes the address of a socket. */
  interface Call {
    /** Performs the call and returns 0, or {@code -errno}. */
    int apply(int fd, long address, int size);
  }

  /** Returns the address of a socket in the file system. */
  static SocketAddress of(Path path) {
    return new SocketAddress(path.toString(), terminated(SystemStrings.encode(path)));
  }

  private static byte[] terminated(byte[] name) {
    return Arrays.copyOf(name, name.length + 1);
  }

  /**
   * Returns the address that an environment variable names: an absolute path, or {@code @} and an
   * abstract name.
   */
  static SocketAddress parse(String text) {
    byte[] name = SystemStrings.encode(text);
    boolean isAbstract = text.startsWith("@");
    if (text.length() < 2 || !(isAbstract || text.startsWith("/")) || text.indexOf('\0') >= 0) {
      throw new IllegalArgumentException(
          "the address of a service manager is an absolute path, or @ and an abstract name: \""
              + text.replace("\0", "\\0") + '"');
    }
    if (!isAbstract) {
      return new SocketAddress(text, terminated(name));
    }
    if (!SystemNumbers.sockets().abstractNames()) {
      throw new IllegalArgumentException(
          "only Linux has sockets with abstract names, such as " + text + "; use a path");
    }
    name[0] = 0;
    return new SocketAddress(text, name);
  }

  /** Creates a non-blocking socket of a type, and binds or connects it. */
  int open(String operation, int type, Call call) throws ProcessDescriptorException {
    int flags = numbers.sockCloexec() | numbers.sockNonblock();
    int fd = Sockets.socket(SocketNumbers.AF_UNIX, type | flags);
    if (fd < 0) {
      throw Errors.failed("socket", text, fd);
    }
    try (NativeMemory memory = NativeMemory.borrow()) {
      int size = PATH + bytes.length;
      if (numbers.addressHasLength()) {
        memory.bytes().put(0, (byte) size).put(1, (byte) SocketNumbers.AF_UNIX);
      } else {
        memory.bytes().putShort(0, (short) SocketNumbers.AF_UNIX);
      }
      memory.bytes().slice(PATH, bytes.length).put(bytes);
      int outcome = call.apply(fd, memory.address(), size);
      if (outcome < 0) {
        LibC.close(fd);
        throw Errors.failed(operation, text, outcome);
      }
      return fd;
    }
  }

  @Override
  public String toString() {
    return text;
  }
}
