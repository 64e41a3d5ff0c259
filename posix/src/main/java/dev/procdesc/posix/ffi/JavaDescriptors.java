package dev.procdesc.posix.ffi;

import java.io.FileDescriptor;
import java.lang.reflect.Field;
import java.util.OptionalInt;

/**
 * Reads the numbers of the JDK's {@link FileDescriptor}s, which have no method for it, by
 * reflection. This JVM must therefore open {@code java.io} to this library.
 *
 * <p>Rejected: {@code sun.misc.Unsafe}, which prints a warning on JDK 24 and 25 and is to fail on
 * newer ones (JEP 498). JNI would need a library of machine code: jffi (1.4.3) has calls that pass
 * objects and the environment, and refuses each of them as an unsupported type.
 */
public final class JavaDescriptors {
  private JavaDescriptors() {}

  /**
   * Returns the number of a descriptor.
   *
   * @return empty if the descriptor is closed
   * @throws UnsupportedOperationException if this JVM does not permit to read it; the message names
   *     the option that does
   */
  public static OptionalInt number(FileDescriptor descriptor) {
    int number;
    try {
      Field field = FileDescriptor.class.getDeclaredField("fd");
      if (!field.trySetAccessible()) {
        throw refused();
      }
      number = field.getInt(descriptor);
    } catch (ReflectiveOperationException e) {
      throw (UnsupportedOperationException) refused().initCause(e);
    }
    return number < 0 ? OptionalInt.empty() : OptionalInt.of(number);
  }

  private static UnsupportedOperationException refused() {
    Module module = JavaDescriptors.class.getModule();
    String reader = module.isNamed() ? module.getName() : "ALL-UNNAMED";
    return new UnsupportedOperationException(
        "this JVM does not tell the number of a FileDescriptor: start it with"
            + " --add-opens=java.base/java.io="
            + reader
            + ", or give Stdio.descriptor the number");
  }
}
