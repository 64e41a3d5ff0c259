package dev.procdesc.linux.kernel;

import dev.procdesc.posix.ffi.NativeMemory;
import dev.procdesc.posix.probe.Uname;
import dev.procdesc.spi.Since;

/**
 * The version that the kernel reports. Used only where a call cannot be probed, because version
 * numbers are wrong with backports.
 */
public final class Release {
  /** The system's name, version and machine, such as {@code Linux 6.18.44 x86_64}. */
  public static final String NAME = uname();

  /** Set if the kernel copies any number of descriptors, and not only whole words of its bitmap. */
  static final boolean WHOLE_BITMAPS = isAtLeast(Since.WHOLE_BITMAPS);

  private Release() {}

  private static String uname() {
    try (NativeMemory memory = NativeMemory.borrow()) {
      int outcome = Syscalls.uname(memory.address());
      return outcome < 0 ? "Linux" : Uname.read(memory.bytes(), Numbers.UTSNAME_FIELD);
    }
  }

  /** Returns whether the kernel reports at least the version that has a call. */
  public static boolean isAtLeast(Since since) {
    return isAtLeast(NAME, since.version());
  }

  /** Returns whether a name has at least a version, such as 6.12; false if it has none. */
  static boolean isAtLeast(String name, String version) {
    int start = name.indexOf(' ') + 1;
    long found = number(name, start);
    return found >= 0 && found >= number(version, 0);
  }

  /** Returns major and minor version as one number; negative if the text has no such version. */
  private static long number(String text, int start) {
    int dot = digits(text, start);
    int end = dot < text.length() && text.charAt(dot) == '.' ? digits(text, dot + 1) : dot;
    return dot == start || end <= dot + 1 || end - start > 9
        ? -1
        : Long.parseLong(text, start, dot, 10) << 32 | Long.parseLong(text, dot + 1, end, 10);
  }

  private static int digits(String text, int start) {
    int end = start;
    while (end < text.length() && text.charAt(end) >= '0' && text.charAt(end) <= '9') {
      end++;
    }
    return end;
  }
}
