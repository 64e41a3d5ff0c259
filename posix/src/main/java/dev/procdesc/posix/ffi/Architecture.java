package dev.procdesc.posix.ffi;

/** The machines that have a spawn stub. */
public enum Architecture {
  /** A 64-bit x86. */
  X86_64("x86_64", "amd64"),
  /** A 64-bit ARM. */
  AARCH64("aarch64", "arm64"),
  /** Any other machine: only the C library's spawn function can work there. */
  OTHER("", "");

  /** The machine that this JVM runs on. */
  public static final Architecture CURRENT = of(System.getProperty("os.arch", ""));

  private final String gnuName;
  private final String bsdName;

  Architecture(String gnuName, String bsdName) {
    this.gnuName = gnuName;
    this.bsdName = bsdName;
  }

  private static Architecture of(String name) {
    return switch (name) {
      case "amd64", "x86_64" -> X86_64;
      case "aarch64", "arm64" -> AARCH64;
      default -> OTHER;
    };
  }

  /** Returns the name that Linux and the GNU tools use; empty for any other machine. */
  public String gnuName() {
    return gnuName;
  }

  /** Returns the name that FreeBSD uses; empty for any other machine. */
  public String bsdName() {
    return bsdName;
  }
}
