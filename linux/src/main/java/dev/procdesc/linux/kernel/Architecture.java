package dev.procdesc.linux.kernel;

/** The machines that the backend has a spawn stub for. */
public enum Architecture {
  X86_64("x86_64"),
  AARCH64("aarch64"),
  /** Any other: only the C library's spawn function can work there. */
  OTHER("");

  public static final Architecture CURRENT = of(System.getProperty("os.arch", ""));

  private final String resource;

  Architecture(String resource) {
    this.resource = resource;
  }

  private static Architecture of(String name) {
    return switch (name) {
      case "amd64", "x86_64" -> X86_64;
      case "aarch64", "arm64" -> AARCH64;
      default -> OTHER;
    };
  }

  /** How the machine is named in resources. */
  public String resource() {
    return resource;
  }
}
