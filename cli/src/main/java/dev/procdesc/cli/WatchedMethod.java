package dev.procdesc.cli;

import com.sun.jdi.ArrayReference;
import com.sun.jdi.ByteValue;
import com.sun.jdi.Field;
import com.sun.jdi.IntegerValue;
import com.sun.jdi.Method;
import com.sun.jdi.ObjectReference;
import com.sun.jdi.PrimitiveValue;
import com.sun.jdi.StackFrame;
import com.sun.jdi.StringReference;
import com.sun.jdi.Value;
import dev.procdesc.cli.NamedUse.Kind;
import java.io.ByteArrayOutputStream;
import java.nio.charset.Charset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A method through which Java code uses a name. Each is a Java method that calls a native one, and
 * has this name in Java 17 to 25; a release that lacks one has another of the list in its place.
 *
 * @param type the class
 * @param method the method
 * @param kind the kind of the operation
 * @param operation the operation, as a participle
 * @param argument the index of the argument that has the name, or {@link #THIS}, or {@link #NONE}
 */
record WatchedMethod(String type, String method, Kind kind, String operation, int argument) {
  /** The index of the object itself, instead of an argument. */
  static final int THIS = -1;

  /** The index of a call without a name: native code has the name. */
  static final int NONE = -2;

  private static final String NIO = "sun.nio.fs.UnixNativeDispatcher";
  private static final String READ = "opened for reading";
  private static final String WRITTEN = "opened for writing";
  private static final String EXAMINED = "examined";

  /** O_WRONLY, O_RDWR and O_CREAT, on every system that has a backend. */
  private static final int WRITES = 0x1 | 0x2 | 0x40 | 0x200;

  /** The name that means no directory, in a call that creates a temporary file. */
  static final String TEMPORARY = "the temporary directory";

  static final List<WatchedMethod> ALL = all();

  private static List<WatchedMethod> all() {
    List<WatchedMethod> all = new ArrayList<>();
    add(all, "java.io.FileInputStream", Kind.READ, READ, 0, "open");
    add(all, "java.io.FileOutputStream", Kind.CHANGE, WRITTEN, 0, "open");
    add(all, "java.io.RandomAccessFile", Kind.READ, READ, 0, "open");
    add(all, NIO, Kind.READ, READ, 0, "open");
    add(all, NIO, Kind.READ, READ, 1, "openat");
    add(all, NIO, Kind.LIST, "listed", 0, "opendir");
    add(all, NIO, Kind.CHANGE, "created", 0, "mkdir", "mknod");
    add(all, NIO, Kind.CHANGE, "removed", 0, "unlink", "rmdir");
    add(all, NIO, Kind.CHANGE, "renamed", 0, "rename");
    add(all, NIO, Kind.CHANGE, "linked", 0, "link");
    add(all, NIO, Kind.CHANGE, "linked", 1, "symlink");
    add(all, NIO, Kind.CHANGE, "changed", 0, "chown", "lchown", "chmod", "utimes", "lutimes");
    add(all, NIO, Kind.CHANGE, "changed", 1, "fchmodat", "utimensat");
    add(all, NIO, Kind.EXAMINE, EXAMINED, 0, "stat", "stat2", "lstat", "access", "exists");
    add(all, NIO, Kind.EXAMINE, EXAMINED, 0, "readlink", "realpath", "statvfs");
    add(all, "java.io.File", Kind.LIST, "listed", THIS, "normalizedList");
    add(all, "java.io.File", Kind.CHANGE, "created", THIS, "createNewFile", "mkdir");
    add(all, "java.io.File", Kind.CHANGE, "file created in", 2, "createTempFile");
    add(all, "java.io.File", Kind.CHANGE, "removed", THIS, "delete");
    add(all, "java.io.File", Kind.CHANGE, "renamed", THIS, "renameTo");
    for (String name : List.of("Readable", "Writable", "Executable", "LastModified", "ReadOnly")) {
      add(all, "java.io.File", Kind.CHANGE, "changed", THIS, "set" + name);
    }
    for (String name : List.of("exists", "isFile", "isDirectory", "length", "lastModified")) {
      add(all, "java.io.File", Kind.EXAMINE, EXAMINED, THIS, name);
    }
    add(all, "java.io.File", Kind.EXAMINE, EXAMINED, THIS, "canRead", "canWrite", "canExecute");
    String libraries = "jdk.internal.loader.";
    String loaded = "loaded";
    add(all, libraries + "NativeLibraries$NativeLibraryImpl", Kind.LIBRARY, loaded, THIS, "open");
    add(
        all,
        libraries + "RawNativeLibraries$RawNativeLibraryImpl",
        Kind.LIBRARY,
        loaded,
        THIS,
        "open");
    add(all, "com.kenai.jffi.Library", Kind.LIBRARY, loaded, 0, "openLibrary");
    add(all, "com.sun.jna.NativeLibrary", Kind.LIBRARY, loaded, 0, "loadLibrary");
    add(all, "java.net.InetAddress", Kind.HOST, "resolved", 0, "getAddressesFromNameService");
    add(all, "java.net.InetAddress", Kind.HOST, "looked up", 0, "getHostFromNameService");
    add(all, "sun.nio.fs.LinuxNativeDispatcher", Kind.READ, READ, 0, "setmntent");
    String system = "com.sun.management.internal.OperatingSystemImpl";
    add(all, system, Kind.LIST, "listed", NONE, "getOpenFileDescriptorCount");
    add(all, system, Kind.READ, READ, NONE, "getCommittedVirtualMemorySize", "getProcessCpuLoad");
    add(all, system, Kind.READ, READ, NONE, "getCpuLoad");
    String diagnostic = "com.sun.management.internal.HotSpotDiagnostic";
    add(all, diagnostic, Kind.CHANGE, "created", 0, "dumpHeap");
    add(all, "sun.nio.ch.Net", Kind.SOCKET, "connected", 2, "connect");
    add(all, "sun.nio.ch.Net", Kind.SOCKET, "bound", 2, "bind");
    add(all, "sun.nio.ch.UnixDomainSockets", Kind.SOCKET, "connected", 1, "connect");
    add(all, "sun.nio.ch.UnixDomainSockets", Kind.SOCKET, "bound", 1, "bind");
    add(all, "java.lang.ProcessImpl", Kind.PROCESS, "started by ProcessBuilder", 0, "start");
    add(all, "java.lang.ProcessHandleImpl", Kind.QUERY, "found by its ID", 0, "get");
    add(all, "java.lang.ProcessHandleImpl", Kind.QUERY, "listed", 0, "children");
    add(all, "java.lang.ProcessHandleImpl$Info", Kind.QUERY, "examined by its ID", 0, "info");
    for (String backend : List.of("linux.LinuxBackend", "freebsd.FreeBsdBackend")) {
      add(all, "dev.procdesc." + backend, Kind.PROGRAM, "executed by its name", 0, "spawn");
      add(all, "dev.procdesc." + backend, Kind.PROCESS, "opened by its ID", 0, "open");
    }
    add(all, "dev.procdesc.posix.spawn.ChildFile", Kind.CHANGE, "opened for a child", 0, "open");
    add(all, "dev.procdesc.posix.channel.SocketChannels", Kind.SOCKET, "connected", 1, "open");
    return List.copyOf(all);
  }

  private static void add(
      List<WatchedMethod> all,
      String type,
      Kind kind,
      String operation,
      int argument,
      String... methods) {
    for (String method : methods) {
      all.add(new WatchedMethod(type, method, kind, operation, argument));
    }
  }

  /** Returns whether an overload of the method is one that native code is called from. */
  boolean matches(Method overload) {
    List<String> types = overload.argumentTypeNames();
    return overload.name().equals(method)
        && !overload.isNative()
        && argument < types.size()
        && (!type.equals("sun.nio.ch.Net") || types.get(0).equals("java.net.ProtocolFamily"));
  }

  /** A name that is used, with the kind of use, which an argument may change. */
  record Use(Kind kind, String operation, String name) {}

  /** Returns the use of a name by a call; empty if the call uses no name. */
  Optional<Use> use(StackFrame frame) {
    if (argument == NONE) {
      String file = switch (method) {
        case "getOpenFileDescriptorCount" -> "/proc/self/fd";
        case "getCpuLoad" -> "/proc/stat";
        default -> "/proc/self/stat";
      };
      return Optional.of(new Use(kind, operation, file));
    }
    List<Value> arguments = frame.getArgumentValues();
    Value subject = argument == THIS ? frame.thisObject() : arguments.get(argument);
    if (kind == Kind.PROGRAM) {
      // A program by its descriptor has no name.
      return field(field(subject, "program"), "name") instanceof StringReference name
          ? Optional.of(new Use(kind, operation, name.value()))
          : Optional.empty();
    }
    String name = text(subject);
    return writes(arguments)
        ? Optional.of(new Use(Kind.CHANGE, WRITTEN, name))
        : Optional.of(new Use(kind, operation, name));
  }

  /** Returns whether the call opens a file for more than to read it. */
  private boolean writes(List<Value> arguments) {
    return kind == Kind.READ
        && arguments.size() > 1
        && arguments.get(1) instanceof IntegerValue flags
        // RandomAccessFile has bits with other meanings: 1 is to read only.
        && (type.equals(NIO) ? (flags.value() & WRITES) != 0 : (flags.value() & 1) == 0);
  }

  private static String text(@Nullable Value value) {
    if (value == null) {
      return TEMPORARY;
    }
    if (value instanceof StringReference string) {
      return string.value();
    }
    if (value instanceof PrimitiveValue number) {
      return number.toString();
    }
    if (value instanceof ArrayReference array) {
      return elements(array);
    }
    // A path, a java.io.File, a native library, a file for a child, a socket address, an address,
    // the identity of a process.
    for (String name : List.of("path", "name", "hostName", "holder", "pid")) {
      Value inner = field(value, name);
      if (inner != null) {
        return text(inner);
      }
    }
    if (field(value, "address") instanceof IntegerValue address) {
      int bits = address.value();
      return (bits >>> 24) + "." + (bits >> 16 & 255) + "." + (bits >> 8 & 255) + "."
          + (bits & 255);
    }
    return "an object of " + value.type().name();
  }

  /** Returns the bytes of a path as text, or the words of a command. */
  private static String elements(ArrayReference array) {
    if (array.length() > 0 && !(array.getValue(0) instanceof ByteValue)) {
      return text(array.getValue(0));
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    IntStream.range(0, array.length())
        .forEach(i -> bytes.write(((ByteValue) array.getValue(i)).value()));
    return bytes.toString(Charset.defaultCharset());
  }

  /** Returns the value of an instance field; null if there is no such field, or it is null. */
  static @Nullable Value field(@Nullable Value value, String name) {
    if (!(value instanceof ObjectReference object)) {
      return null;
    }
    Field field = object.referenceType().fieldByName(name);
    return field == null || field.isStatic() ? null : object.getValue(field);
  }
}
