package dev.procdesc.compat.support;

import dev.procdesc.compat.MissingCondition;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import jnr.ffi.annotations.In;

/** Makes descriptors that the tests send, and that are not the library's. */
public final class OpenFiles {
  private static final int AF_UNIX = 1;
  private static final int AF_INET = 2;
  private static final int SOCK_STREAM = 1;

  /** {@code MFD_CLOEXEC | MFD_ALLOW_SEALING}, the same on every system. */
  private static final int MFD_FLAGS = 3;

  private static final Functions FUNCTIONS = Libc.load(Functions.class);

  private OpenFiles() {}

  /** The functions, under their C names; they report errors by {@code -1} and errno. */
  public interface Functions {
    /** {@code int socket(int, int, int)}. */
    int socket(int domain, int type, int protocol);

    /** {@code int bind(int, const struct sockaddr *, socklen_t)}. */
    int bind(int fd, @In byte[] address, int size);

    /** {@code int listen(int, int)}. */
    int listen(int fd, int backlog);

    /** {@code ssize_t pwrite(int, const void *, size_t, off_t)}. */
    long pwrite(int fd, @In byte[] buffer, long size, long offset);
  }

  /** Only loaded where a test needs it, because not every C library has the function. */
  private static final class Memory {
    static final MemoryFunctions FUNCTIONS = Libc.load(MemoryFunctions.class);
  }

  /** The function for memory files, under its C name. */
  public interface MemoryFunctions {
    /** {@code int memfd_create(const char *, unsigned)}. */
    int memfd_create(String name, int flags);
  }

  /** Opens a TCP socket that listens on a port that the kernel chooses, close-on-exec. */
  public static int listeningSocket() {
    int fd = Libc.check(() -> FUNCTIONS.socket(AF_INET, SOCK_STREAM, 0));
    Descriptors.setCloseOnExec(fd, true);
    Libc.check(() -> FUNCTIONS.listen(fd, 1));
    return fd;
  }

  /** Opens a stream socket of the UNIX domain that listens at a path, close-on-exec. */
  public static int listeningSocket(Path path) {
    byte[] name = path.toString().getBytes(StandardCharsets.UTF_8);
    byte[] address = new byte[2 + name.length + 1];
    if (System.getProperty("os.name").equals("Linux")) {
      ByteBuffer.wrap(address).order(ByteOrder.nativeOrder()).putShort((short) AF_UNIX);
    } else {
      address[0] = (byte) address.length;
      address[1] = AF_UNIX;
    }
    System.arraycopy(name, 0, address, 2, name.length);
    int fd = Libc.check(() -> FUNCTIONS.socket(AF_UNIX, SOCK_STREAM, 0));
    Descriptors.setCloseOnExec(fd, true);
    Libc.check(() -> FUNCTIONS.bind(fd, address, address.length));
    Libc.check(() -> FUNCTIONS.listen(fd, 1));
    return fd;
  }

  /** Creates a memory file with a text, close-on-exec; its offset is at the start. */
  public static int memoryFile(String text) {
    int fd;
    try {
      fd = Libc.check(() -> Memory.FUNCTIONS.memfd_create("test", MFD_FLAGS));
    } catch (UnsatisfiedLinkError e) {
      throw new MissingCondition("memfd_create (FreeBSD 13)");
    }
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    Libc.checkLong(() -> FUNCTIONS.pwrite(fd, bytes, bytes.length, 0));
    return fd;
  }

  /** Adds seals to a memory file. */
  public static void seal(int fd, int seals) {
    int addSeals = System.getProperty("os.name").equals("Linux") ? 1033 : 19;
    Libc.check(() -> Libc.C.fcntl(fd, addSeals, seals));
  }

  /** Reads the text of an open file. */
  public static String read(int fd) {
    byte[] buffer = new byte[4096];
    int count = (int) Libc.checkLong(() -> Libc.C.read(fd, buffer, buffer.length));
    return new String(buffer, 0, count, StandardCharsets.UTF_8);
  }
}
