package dev.procdesc.posix.probe;

import dev.procdesc.posix.ffi.SystemStrings;
import java.nio.ByteBuffer;

/** Reads {@code struct utsname}: five strings of the same room. */
public final class Uname {
  private static final int SYSTEM = 0;
  private static final int RELEASE = 2;
  private static final int MACHINE = 4;

  private Uname() {}

  /** Such as {@code Linux 6.18.44 x86_64}, from the start of a buffer. */
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
