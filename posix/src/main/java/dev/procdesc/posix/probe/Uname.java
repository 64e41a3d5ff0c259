package dev.procdesc.posix.probe;

import dev.procdesc.posix.ffi.SystemStrings;
import java.nio.ByteBuffer;

/** Reads {@code struct utsname}, which consists of five or more arrays of the same size. */
public final class Uname {
  private static final int SYSTEM = 0;
  private static final int RELEASE = 2;
  private static final int MACHINE = 4;

  private Uname() {}

  /**
   * Returns a description such as {@code Linux 6.18.44 x86_64}.
   *
   * @param bytes a buffer that begins with the structure
   * @param room the size of one array in bytes
   */
  public static String read(ByteBuffer bytes, int room) {
    return field(bytes, room, SYSTEM)
        + " "
        + field(bytes, room, RELEASE)
        + " "
        + field(bytes, room, MACHINE);
  }

  private static String field(ByteBuffer bytes, int room, int index) {
    int start = index * room;
    int length = 0;
    while (bytes.get(start + length) != 0) {
      length++;
    }
    byte[] text = new byte[length];
    bytes.get(start, text);
    return SystemStrings.decode(text);
  }
}
