package dev.procdesc.cli;

import com.sun.jdi.AbsentInformationException;
import com.sun.jdi.Bootstrap;
import com.sun.jdi.IncompatibleThreadStateException;
import com.sun.jdi.Location;
import com.sun.jdi.Method;
import com.sun.jdi.ReferenceType;
import com.sun.jdi.StackFrame;
import com.sun.jdi.StringReference;
import com.sun.jdi.ThreadReference;
import com.sun.jdi.VMDisconnectedException;
import com.sun.jdi.Value;
import com.sun.jdi.VirtualMachine;
import com.sun.jdi.connect.Connector.Argument;
import com.sun.jdi.connect.IllegalConnectorArgumentsException;
import com.sun.jdi.connect.ListeningConnector;
import com.sun.jdi.event.BreakpointEvent;
import com.sun.jdi.event.ClassPrepareEvent;
import com.sun.jdi.event.Event;
import com.sun.jdi.event.EventSet;
import com.sun.jdi.request.BreakpointRequest;
import com.sun.jdi.request.ClassPrepareRequest;
import com.sun.jdi.request.EventRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * The observation of an application's JVM by its debugging interface, from the moment in which it
 * would enter the descriptor-only mode. The application's JVM connects to this process at its
 * start. Each use of a name stops the calling thread while its stack is read.
 *
 * <p>Rejected: JFR, whose events tell what was read, not what was opened; {@code -Xlog}, which has
 * no stack and no files; a Java agent, which needs a library to change the JDK's classes; strace
 * and ktrace, which know no Java stack, and are different on each system.
 */
final class TrialSession implements AutoCloseable {
  private static final String MARKER = "dev.procdesc.posix.backend.SandboxTrial";
  private static final String MARKER_METHOD = "observe";
  private static final String WATCH = "watched method";

  private final ListeningConnector connector;
  private final Map<String, Argument> arguments;
  private final String address;
  private final Path directory;
  private final CompletableFuture<Void> ended;
  private final List<NamedUse> uses = Collections.synchronizedList(new ArrayList<>());
  private final Set<String> prepared = new HashSet<>();
  private volatile Optional<TrialMode> mode = Optional.empty();
  private volatile boolean connected;

  private TrialSession(
      ListeningConnector connector,
      Map<String, Argument> arguments,
      String address,
      Path directory) {
    this.connector = connector;
    this.arguments = arguments;
    this.address = address;
    this.directory = directory;
    ended = new CompletableFuture<>();
  }

  /**
   * Waits for the JVM of an application in a thread, which then observes it until it ends.
   *
   * @param directory the working directory of the application
   */
  static TrialSession start(Path directory) throws IOException {
    for (ListeningConnector each : Bootstrap.virtualMachineManager().listeningConnectors()) {
      if (each.transport().name().equals("dt_socket")) {
        Map<String, Argument> arguments = each.defaultArguments();
        Objects.requireNonNull(arguments.get("localAddress")).setValue("127.0.0.1");
        Objects.requireNonNull(arguments.get("port")).setValue("");
        try {
          TrialSession session =
              new TrialSession(each, arguments, each.startListening(arguments), directory);
          Thread thread = new Thread(session::observe, "observer of the trial");
          thread.setDaemon(true);
          thread.start();
          return session;
        } catch (IllegalConnectorArgumentsException e) {
          throw new IOException(e);
        }
      }
    }
    throw new IOException("this Java runtime has no debugging interface over sockets");
  }

  /** Returns the options with which the application's JVM connects. */
  List<String> options() {
    return List.of("-agentlib:jdwp=transport=dt_socket,server=n,suspend=y,address=" + address);
  }

  /**
   * Returns the uses of names, in the order in which they occurred, after the JVM has ended.
   *
   * @throws IOException if the observation failed
   */
  List<NamedUse> uses() throws IOException {
    if (!connected) {
      return List.of();
    }
    try {
      ended.join();
    } catch (CompletionException e) {
      throw new IOException("the observation of the JVM failed: " + e.getCause(), e);
    }
    return List.copyOf(uses);
  }

  /** Returns the mode that was tried; empty if the application did not enter it. */
  Optional<TrialMode> mode() {
    return mode;
  }

  /** Stops waiting for a JVM. */
  @Override
  public void close() throws IOException {
    if (!connected) {
      try {
        connector.stopListening(arguments);
      } catch (IllegalConnectorArgumentsException e) {
        throw new IOException(e);
      }
    }
  }

  private void observe() {
    try {
      VirtualMachine vm = connector.accept(arguments);
      connected = true;
      connector.stopListening(arguments);
      observe(vm);
    } catch (VMDisconnectedException e) {
      ended.complete(null);
    } catch (Exception | LinkageError e) {
      ended.completeExceptionally(e);
    }
  }

  private void observe(VirtualMachine vm)
      throws IncompatibleThreadStateException, InterruptedException {
    try {
      prepare(vm, MARKER);
      while (true) {
        EventSet events = vm.eventQueue().remove();
        for (Event event : events) {
          handle(event);
        }
        events.resume();
      }
    } catch (IncompatibleThreadStateException | RuntimeException | LinkageError e) {
      release(vm);
      throw e;
    }
  }

  /** Lets the threads continue that wait for this process, so that the application can end. */
  private static void release(VirtualMachine vm) {
    try {
      vm.dispose();
    } catch (VMDisconnectedException e) {
      // It has ended.
    }
  }

  private void handle(Event event) throws IncompatibleThreadStateException {
    if (event instanceof ClassPrepareEvent prepare) {
      watch(prepare.referenceType());
    } else if (event instanceof BreakpointEvent breakpoint) {
      if (breakpoint.request().getProperty(WATCH) instanceof WatchedMethod watched) {
        record(watched, breakpoint.thread());
      } else {
        begin(breakpoint);
      }
    }
  }

  /** Asks for an event when a class has been loaded, and watches its methods before they run. */
  private void prepare(VirtualMachine vm, String type) {
    if (prepared.add(type)) {
      ClassPrepareRequest request = vm.eventRequestManager().createClassPrepareRequest();
      request.addClassFilter(type);
      request.setSuspendPolicy(EventRequest.SUSPEND_EVENT_THREAD);
      request.enable();
      vm.classesByName(type).stream().filter(ReferenceType::isPrepared).forEach(this::watch);
    }
  }

  private void watch(ReferenceType type) {
    if (type.name().equals(MARKER)) {
      // All threads wait until their calls are watched.
      type.methodsByName(MARKER_METHOD)
          .forEach(method -> breakAt(method, EventRequest.SUSPEND_ALL).enable());
      return;
    }
    for (WatchedMethod watched : WatchedMethod.ALL) {
      if (watched.type().equals(type.name())) {
        for (Method method : type.methodsByName(watched.method())) {
          if (watched.matches(method)) {
            BreakpointRequest request = breakAt(method, EventRequest.SUSPEND_EVENT_THREAD);
            request.putProperty(WATCH, watched);
            request.enable();
          }
        }
      }
    }
  }

  private static BreakpointRequest breakAt(Method method, int policy) {
    BreakpointRequest request =
        method.virtualMachine().eventRequestManager().createBreakpointRequest(method.location());
    request.setSuspendPolicy(policy);
    return request;
  }

  private void begin(BreakpointEvent event) throws IncompatibleThreadStateException {
    List<String> texts = event.thread().frame(0).getArgumentValues().stream()
        .map(value -> ((StringReference) value).value())
        .toList();
    mode = Optional.of(TrialMode.of(texts.get(0), texts.get(1)));
    WatchedMethod.ALL.forEach(watched -> prepare(event.virtualMachine(), watched.type()));
  }

  private void record(WatchedMethod watched, ThreadReference thread)
      throws IncompatibleThreadStateException {
    Optional<WatchedMethod.Use> use = watched.use(thread.frame(0));
    if (use.isPresent()) {
      List<NamedUse.Frame> frames = new ArrayList<>();
      for (StackFrame frame : thread.frames()) {
        frames.add(frame(frame));
      }
      NamedUse.Kind kind = use.get().kind();
      String name = use.get().name();
      uses.add(new NamedUse(
          kind,
          use.get().operation(),
          isFile(kind) && !name.equals(WatchedMethod.TEMPORARY)
              ? directory.resolve(name).normalize().toString()
              : name,
          isMissing(watched, kind, name),
          frames));
    }
  }

  private static boolean isFile(NamedUse.Kind kind) {
    return switch (kind) {
      case READ, LIST, EXAMINE, CHANGE -> true;
      case LIBRARY, HOST, SOCKET, PROGRAM, PROCESS, QUERY -> false;
    };
  }

  /**
   * Returns whether an operation fails in the trial too, and with the same exception or result as
   * in the mode. The exceptions of java.nio differ, so an application may handle the one and not
   * the other.
   */
  private boolean isMissing(WatchedMethod watched, NamedUse.Kind kind, String name) {
    boolean same = kind == NamedUse.Kind.EXAMINE || !watched.type().startsWith("sun.nio.");
    boolean fails = switch (kind) {
      case READ, LIST, EXAMINE -> true;
      case CHANGE -> watched.method().equals("delete") || watched.method().equals("renameTo");
      case LIBRARY, HOST, SOCKET, PROGRAM, PROCESS, QUERY -> false;
    };
    try {
      return same && fails && !Files.exists(directory.resolve(name), LinkOption.NOFOLLOW_LINKS);
    } catch (InvalidPathException e) {
      return false;
    }
  }

  private static NamedUse.Frame frame(StackFrame frame) {
    Location location = frame.location();
    ReferenceType type = location.declaringType();
    String module = Optional.ofNullable(type.module().name()).orElse("");
    return new NamedUse.Frame(
        type.name(),
        location.method().name(),
        line(location),
        module.startsWith("java.") || module.startsWith("jdk."),
        argument(frame));
  }

  private static Optional<String> line(Location location) {
    try {
      return location.lineNumber() < 0
          ? Optional.empty()
          : Optional.of(location.sourceName() + ":" + location.lineNumber());
    } catch (AbsentInformationException e) {
      return Optional.empty();
    }
  }

  /** Returns the class, resource or service that a frame searches for. */
  private static Optional<String> argument(StackFrame frame) {
    Method method = frame.location().method();
    ReferenceType type = frame.location().declaringType();
    Value value = null;
    if (type.name().startsWith("java.util.ServiceLoader") && frame.thisObject() != null) {
      Value inner = WatchedMethod.field(frame.thisObject(), "this$0");
      value = WatchedMethod.field(inner == null ? frame.thisObject() : inner, "serviceName");
    } else if (!method.isNative()
        // The class path searches for files: those of its caller's class or resource.
        && !type.name().startsWith("jdk.internal.loader.URLClassPath")
        && (method.name().equals("loadClass")
            || method.name().equals("findClass")
            || method.name().startsWith("getResource")
            || method.name().startsWith("findResource"))) {
      value = frame.getArgumentValues().stream()
          .filter(StringReference.class::isInstance)
          .findFirst()
          .orElse(null);
    }
    return value instanceof StringReference name ? Optional.of(name.value()) : Optional.empty();
  }
}
