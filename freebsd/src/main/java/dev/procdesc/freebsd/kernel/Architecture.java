package dev.procdesc.freebsd.kernel;

/** The machines that the backend has a spawn stub for, as FreeBSD names them. */
public enum Architecture {
  AMD64("amd64"),
  ARM64("arm64"),
  /** Any other: only the C library's spawn function can work there. */
  OTHER("");

  public static final Architecture CURRENT = of(System.getProperty("os.arch", ""));

  private final String resource;

  Architecture(String resource) {
    this.resource = resource;
  }

  private static Architecture of(String name) {
    return switch (name) {
      case "amd64", "x86_64" -> AMD64;
      case "aarch64", "arm64" -> ARM64;
      default -> OTHER;
    };
  }

  /** How the machine is named in resources. */
  public String resource() {
    return resource;
  }
}
