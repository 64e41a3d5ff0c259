package dev.procdesc.linux;

import dev.procdesc.linux.kernel.Numbers;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.RecordComponent;
import java.util.LinkedHashMap;
import java.util.Map;

/** Loads the library's classes of numbers as they are on another machine. */
final class OnMachine {
  private OnMachine() {}

  /** Defines the library's classes again, so that they read the name of the machine again. */
  private static final class Anew extends ClassLoader {
    Anew() {
      super(Numbers.class.getClassLoader());
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      if (!name.startsWith("dev.procdesc.")) {
        return super.loadClass(name, resolve);
      }
      synchronized (getClassLoadingLock(name)) {
        Class<?> known = findLoadedClass(name);
        return known != null ? known : define(name);
      }
    }

    private Class<?> define(String name) throws ClassNotFoundException {
      try (InputStream in = getResourceAsStream(name.replace('.', '/') + ".class")) {
        if (in == null) {
          throw new ClassNotFoundException(name);
        }
        byte[] bytes = in.readAllBytes();
        return defineClass(name, bytes, 0, bytes.length);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /**
   * Returns all constants: of {@code Numbers} under their own names, of other classes under
   * {@code Class.NAME}, the components of {@code Numbers.POSIX} and {@code Numbers.SOCKETS} that
   * are numbers, and the cases of {@code Numbers.rlimit}.
   */
  static Map<String, Long> numbers(String machine) {
    String property = "os.arch";
    String own = System.getProperty(property, "");
    System.setProperty(property, machine);
    try {
      ClassLoader loader = new Anew();
      Class<?> numbers = Class.forName("dev.procdesc.linux.kernel.Numbers", true, loader);
      Map<String, Long> values = new LinkedHashMap<>();
      constants(numbers, "", values);
      constants(
          Class.forName("dev.procdesc.posix.ffi.PosixNumbers", true, loader),
          "PosixNumbers.",
          values);
      components(numbers.getDeclaredField("POSIX"), values);
      components(numbers.getDeclaredField("SOCKETS"), values);
      constants(
          Class.forName("dev.procdesc.posix.ffi.SocketNumbers", true, loader),
          "SocketNumbers.",
          values);
      limits(numbers, Class.forName("dev.procdesc.Resource", true, loader), values);
      return values;
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("the numbers of " + machine, e);
    } finally {
      System.setProperty(property, own);
    }
  }

  private static void constants(Class<?> type, String prefix, Map<String, Long> values)
      throws IllegalAccessException {
    for (Field field : type.getDeclaredFields()) {
      boolean number = field.getType() == int.class || field.getType() == long.class;
      if (number && Modifier.isStatic(field.getModifiers())) {
        field.setAccessible(true);
        values.put(prefix + field.getName(), field.getLong(null));
      }
    }
  }

  private static void components(Field field, Map<String, Long> values)
      throws IllegalAccessException, InvocationTargetException {
    field.setAccessible(true);
    for (RecordComponent component : field.getType().getRecordComponents()) {
      Object value = component.getAccessor().invoke(field.get(null));
      if (value instanceof Number number) {
        values.put(field.getName() + "." + component.getName(), number.longValue());
      }
    }
  }

  private static void limits(Class<?> numbers, Class<?> resource, Map<String, Long> values)
      throws ReflectiveOperationException {
    Method method = numbers.getDeclaredMethod("rlimit", resource);
    method.setAccessible(true);
    for (Object constant : resource.getEnumConstants()) {
      values.put(
          "rlimit." + ((Enum<?>) constant).name(),
          ((Number) method.invoke(null, constant)).longValue());
    }
  }
}
