package dev.procdesc;

/** The rule of systemd for the names of descriptors that are passed to a program. */
final class PassedNames {
  /** The greatest length of a name: {@code FDNAME_MAX} of systemd. */
  private static final int LONGEST = 255;

  private PassedNames() {}

  /**
   * Checks a name.
   *
   * @param process whether it is that of a process, whose lifeline has a longer one
   * @throws IllegalArgumentException if it is not valid
   */
  static void check(String name, boolean process) {
    int longest = LONGEST - (process ? InheritedDescriptors.LIFELINE.length() : 0);
    if (name.length() > longest) {
      throw new IllegalArgumentException("the name of a passed descriptor has at most " + longest
          + " characters, not " + name.length());
    }
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      if (c < ' ' || c >= 0x7F || c == ':') {
        throw new IllegalArgumentException("the name of a passed descriptor consists of ASCII"
            + " characters that can be printed, without ':', which separates the names: "
            + name.replaceAll("\\p{Cntrl}", "?"));
      }
    }
  }
}
