package dev.procdesc.cli;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The script pd, in a directory whose Java runs the classes of this test instead of the JAR.
 *
 * @param directory the directory
 */
record InstalledPd(Path directory) {
  /** Copies the script into a directory. */
  static InstalledPd copyTo(Path directory) throws IOException {
    Path root = Path.of("").toAbsolutePath();
    Path source = Files.exists(root.resolve("pd")) ? root.resolve("pd") : root.resolve("../pd");
    Files.copy(source, directory.resolve("pd"));
    Files.createDirectories(directory.resolve("cli/target"));
    Files.createFile(directory.resolve("cli/target/pd.jar"));
    Path java = Files.createDirectories(directory.resolve("java/bin")).resolve("java");
    Files.writeString(directory.resolve("java/release"), "JAVA_VERSION=\"17\"\n");
    Files.writeString(
        java,
        "#!/bin/sh\no=\nwhile [ \"$1\" != -jar ]; do\n  case $1 in *SharedArchiveFile* | *Xshare*) ;;"
            + " *) o=\"$o $1\" ;; esac\n  shift\ndone\nshift 2\nexec "
            + quoted(Path.of(System.getProperty("java.home"), "bin", "java").toString())
            + " $o -cp "
            + quoted(System.getProperty("java.class.path"))
            + " "
            + Main.class.getName()
            + " \"$@\"\n");
    assertTrue(java.toFile().setExecutable(true));
    return new InstalledPd(directory);
  }

  static String quoted(String word) {
    return "'" + word.replace("'", "'\\''") + "'";
  }

  /** Returns the script. */
  Path script() {
    return directory.resolve("pd");
  }

  /** Returns the value of JAVA_HOME with which the script runs these classes. */
  String javaHome() {
    return directory.resolve("java").toString();
  }
}
