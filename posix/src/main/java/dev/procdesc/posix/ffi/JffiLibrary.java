package dev.procdesc.posix.ffi;

import com.kenai.jffi.Library;
import java.io.File;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * The native library of jffi, unpacked for the time of its loading. jffi unpacks it too, but with
 * code that costs a cold JVM 30 to 40 ms more: for the name of a temporary file it starts the
 * security providers of the JDK, and before that it formats several messages for each directory of
 * the library path.
 *
 * <p>The directory is created with the mode 0700, in the same place in which jffi would create its
 * file. Its name can be guessed, but the creation fails if the name exists already. It is deleted
 * as soon as the library is loaded. Rejected: to keep the unpacked library for the next JVM. That
 * saves about 3 ms, and needs a directory that no other user can write to, and a check of what it
 * contains.
 *
 * <p>jffi searches for the library itself if it is already installed, if a property of jffi selects
 * another one, or if this class fails. Its search also follows if the unpacked library cannot be
 * loaded.
 */
final class JffiLibrary implements AutoCloseable, Runnable {
  /** The property with the directories that jffi searches first. */
  private static final String BOOT_PATH = "jffi.boot.library.path";

  private static final String EXTRACT_DIRECTORY = "jffi.extract.dir";
  private static final String EXTRACT_NAME = "jffi.extract.name";

  /** A file of the class path that can contain the property {@link #BOOT_PATH}. */
  private static final String BOOT_PROPERTIES = "boot.properties";

  /** The name of the library and the version of its interface. */
  private static final String NAME = System.mapLibraryName("jffi-1.2");

  /**
   * The directory of the library for this machine, both in jffi's JAR and where it is installed.
   */
  private static final String PLATFORM =
      Architecture.CURRENT.gnuName() + "-" + System.getProperty("os.name");

  /** The name of the library as a resource. */
  static final String RESOURCE = "jni/" + PLATFORM + "/" + NAME;

  private static final int ATTEMPTS = 16;

  /** The limit of the time for which an exit of the JVM waits for the loading. */
  private static final long EXIT_SECONDS = 1;

  private final CountDownLatch deleted = new CountDownLatch(1);

  /** The shutdown hook that waits until the file is deleted: the exit would stop this thread. */
  private final Thread hook = new Thread(this, "procdesc-loading");

  private final File directory;
  private final File file;

  /** Creates the directory, unless the JVM is exiting. */
  private JffiLibrary() throws IOException {
    try {
      Runtime.getRuntime().addShutdownHook(hook);
    } catch (IllegalStateException e) {
      throw new IOException(e);
    }
    try {
      directory = createDirectory().toFile();
    } catch (IOException | RuntimeException e) {
      removeHook();
      throw e;
    }
    file = new File(directory, NAME);
  }

  /**
   * Has jffi load its native library.
   *
   * @throws LinkageError if jffi fails to do so
   */
  static void load() {
    ClassLoader loader = Library.class.getClassLoader();
    if (loader == null || isChosen(loader) || isInstalled()) {
      Library.getDefault();
      return;
    }
    try (InputStream code = loader.getResourceAsStream(RESOURCE)) {
      if (code != null) {
        load(code);
      }
    } catch (IOException e) {
      System.getLogger("dev.procdesc")
          .log(System.Logger.Level.DEBUG, "jffi has to unpack its library itself", e);
    }
    Library.getDefault();
  }

  /** Returns whether jffi is configured to use another library or another directory. */
  private static boolean isChosen(ClassLoader loader) {
    return System.getProperty(BOOT_PATH) != null
        || System.getProperty(EXTRACT_DIRECTORY) != null
        || System.getProperty(EXTRACT_NAME) != null
        || loader.getResource(BOOT_PROPERTIES) != null;
  }

  /** Returns whether the library path of the JVM has the library. */
  private static boolean isInstalled() {
    for (String path : System.getProperty("java.library.path", "").split(File.pathSeparator, -1)) {
      if (new File(path, NAME).exists() || new File(new File(path, PLATFORM), NAME).exists()) {
        return true;
      }
    }
    return false;
  }

  private static void load(InputStream code) throws IOException {
    try (JffiLibrary unpacked = new JffiLibrary()) {
      try (OutputStream out = new FileOutputStream(unpacked.file)) {
        code.transferTo(out);
      }
      String path = unpacked.directory.getPath();
      System.setProperty(BOOT_PATH, path);
      try {
        Library.getDefault();
      } finally {
        System.getProperties().remove(BOOT_PATH, path);
      }
    }
  }

  private static Path createDirectory() throws IOException {
    FileAttribute<Set<PosixFilePermission>> mode = PosixFilePermissions.asFileAttribute(EnumSet.of(
        PosixFilePermission.OWNER_READ,
        PosixFilePermission.OWNER_WRITE,
        PosixFilePermission.OWNER_EXECUTE));
    for (int attempt = 1; ; attempt++) {
      String name = "procdesc-" + Long.toHexString(System.nanoTime());
      try {
        return Files.createDirectory(Path.of(System.getProperty("java.io.tmpdir"), name), mode);
      } catch (FileAlreadyExistsException e) {
        if (attempt == ATTEMPTS) {
          throw e;
        }
      }
    }
  }

  /** Waits in the shutdown hook. */
  @Override
  public void run() {
    try {
      boolean unused = deleted.await(EXIT_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // The exit goes on.
    }
  }

  /** Deletes the file and its directory. */
  @Override
  public void close() throws IOException {
    try {
      Files.deleteIfExists(file.toPath());
      Files.delete(directory.toPath());
    } finally {
      removeHook();
    }
  }

  private void removeHook() {
    deleted.countDown();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      return; // The JVM is exiting, and the hook ends.
    }
  }
}
