package dev.procdesc.cli;

import com.google.gson.stream.JsonWriter;
import dev.procdesc.cli.NamedUse.Frame;
import dev.procdesc.cli.NamedUse.Kind;
import java.io.IOException;
import java.io.StringWriter;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * The checklist of {@code pd sandbox-check}: the uses of names, each once, in a fixed order.
 *
 * @param command the command
 * @param exitCode the exit code of {@code pd}
 * @param mode the mode that was tried
 * @param uses the uses of names during the trial
 * @param classes the numbers of classes that were loaded during the trial, by their sources; empty
 *     unless all is reported
 * @param verbose whether to report what works, too
 */
record Checklist(
    List<String> command,
    int exitCode,
    TrialMode mode,
    List<NamedUse> uses,
    Map<String, Integer> classes,
    boolean verbose) {

  private static final String TO_DO = "[ ]";
  private static final String WORKS = "[x]";

  /** The packages of the methods that use the files that their caller names. */
  private static final List<String> DIRECT =
      List.of("java.io.", "java.nio.", "java.util.zip.", "java.util.jar.");

  /** The directories of the files of a system. */
  private static final List<String> SYSTEM =
      List.of("/dev/", "/etc/", "/proc/", "/sys/", "/usr/lib/", "/usr/share/");

  /** The group of an item, in the order of the checklist. */
  enum Group {
    /** Classes that are not in an open archive. */
    CLASSES("classes"),
    /** Resources and providers that are not in an open archive. */
    RESOURCES("resources and services"),
    /** Native libraries. */
    LIBRARIES("native libraries"),
    /** Files of the Java runtime and of the system, which the runtime opens. */
    RUNTIME("files of the Java runtime"),
    /** Files of the application. */
    FILES("files"),
    /** Host names and sockets. */
    NETWORK("network"),
    /** Processes and programs. */
    PROCESSES("processes and programs");

    private final String title;

    Group(String title) {
      this.title = title;
    }
  }

  /**
   * An item of the checklist.
   *
   * @param group the group
   * @param subject the class, file or other name
   * @param operation the use of the name
   * @param remedy the line of Java, or the step, that prepares it
   * @param place the place in the application, or in the thread of the Java runtime
   */
  record Item(Group group, String subject, String operation, String remedy, String place) {
    private static final Comparator<Item> ORDER = Comparator.comparing(Item::group)
        .thenComparing(Item::subject)
        .thenComparing(Item::operation)
        .thenComparing(Item::place);
  }

  /** Returns the items that fail in the mode. */
  List<Item> failing() {
    return items(use -> mode.refuses(use), Set.of());
  }

  /** Returns the items that work in the mode, without names of which another use fails. */
  List<Item> working() {
    return items(
        use -> !mode.refuses(use),
        failing().stream().map(Item::subject).collect(Collectors.toSet()));
  }

  /** Returns the items of some uses, without certain names. */
  private List<Item> items(Predicate<NamedUse> wanted, Set<String> without) {
    Map<String, Item> items = new LinkedHashMap<>();
    Set<String> subjects = new HashSet<>(without);
    for (NamedUse use : uses) {
      // A search tries names that do not exist, and is not a use of them.
      if (use.kind() != Kind.EXAMINE && wanted.test(use) && !use.missing()) {
        Item item = item(use);
        if (!without.contains(item.subject)) {
          subjects.add(item.subject);
          items.putIfAbsent(item.operation + " " + item.subject, item);
        }
      }
    }
    for (NamedUse use : uses) {
      if (use.kind() == Kind.EXAMINE && wanted.test(use) && !use.missing()) {
        Item item = item(use);
        // A file that is opened was examined before.
        if (!subjects.contains(item.subject)) {
          items.putIfAbsent(item.subject, item);
        }
      }
    }
    return items.values().stream().sorted(Item.ORDER).toList();
  }

  private Item item(NamedUse use) {
    String place = use.place().map(Frame::toString).orElse("a thread of the Java runtime");
    boolean reads =
        use.kind() == Kind.READ || use.kind() == Kind.LIST || use.kind() == Kind.EXAMINE;
    Optional<Frame> search = reads ? use.search() : Optional.empty();
    if (search.isPresent()) {
      return searched(use, search.get(), place);
    }
    Group group = isOfRuntime(use) ? Group.RUNTIME : group(use);
    String remedy = group == Group.RUNTIME ? ofRuntime(use) : remedy(use);
    return new Item(group, use.subject(), use.operation(), remedy, place);
  }

  private static Group group(NamedUse use) {
    if (use.frames().stream().anyMatch(frame -> frame.method().equals("loadLibrary"))) {
      return Group.LIBRARIES;
    }
    return switch (use.kind()) {
      case READ, CHANGE, LIST, EXAMINE -> Group.FILES;
      case LIBRARY -> Group.LIBRARIES;
      case HOST, SOCKET -> Group.NETWORK;
      case PROGRAM, PROCESS, QUERY -> Group.PROCESSES;
    };
  }

  private static Item searched(NamedUse use, Frame search, String place) {
    String name = search.argument().orElseThrow();
    String from = use.operation() + " " + use.subject();
    if (search.type().startsWith("java.util.ServiceLoader")) {
      return new Item(
          Group.RESOURCES,
          name,
          from,
          "java.util.ServiceLoader.load(" + name + ".class).forEach(provider -> {});",
          place);
    }
    if (search.method().contains("Resource")) {
      String services = "META-INF/services/";
      return new Item(
          Group.RESOURCES,
          name,
          from,
          name.startsWith(services)
              ? "java.util.ServiceLoader.load("
                  + name.substring(services.length())
                  + ".class).forEach(provider -> {});"
              : "read it beforehand, and keep the bytes: loader.getResourceAsStream(\""
                  + name
                  + "\").readAllBytes()",
          place);
    }
    boolean builtIn = search.type().startsWith("jdk.internal.loader.");
    return new Item(
        Group.CLASSES,
        name,
        from,
        "Class.forName(\"" + name + "\"" + (builtIn ? "" : ", true, loader") + ");",
        place);
  }

  /**
   * Returns whether the Java runtime uses a file of the runtime, the system or the user, at a call
   * that is not about files.
   */
  private boolean isOfRuntime(NamedUse use) {
    if (group(use) != Group.FILES) {
      return false;
    }
    boolean direct = use.calledMethod()
        .map(frame -> DIRECT.stream().anyMatch(frame.type()::startsWith))
        .orElse(false);
    String file = use.subject();
    // Files.probeContentType opens these, and its caller does not name them.
    if (file.endsWith("mime.types")) {
      return true;
    }
    return !direct
        && (isInRuntime(file)
            || SYSTEM.stream().anyMatch(file::startsWith)
            || file.contains("/.java/")
            || file.endsWith("/.java"));
  }

  private boolean isInRuntime(String file) {
    return file.startsWith(mode.javaHome() + "/");
  }

  private static String ofRuntime(NamedUse use) {
    String file = use.subject();
    if (file.endsWith("/cacerts")) {
      return "javax.net.ssl.SSLContext.getDefault();";
    }
    if (file.startsWith("/proc/") || file.startsWith("/sys/")) {
      return "do it beforehand, and keep the result";
    }
    return called(use);
  }

  /** Returns the advice to call the method of the runtime, which opens its files once. */
  private static String called(NamedUse use) {
    return use.calledMethod()
        .map(frame -> switch (frame.method()) {
          case "<clinit>" -> "Class.forName(\"" + frame.type() + "\");";
          case "<init>" -> "create one " + frame.type() + " beforehand";
          default -> "call " + frame.type() + "." + frame.method() + " once beforehand";
        })
        .orElse("use the part of the Java runtime that needs it once beforehand");
  }

  private String remedy(NamedUse use) {
    return switch (use.kind()) {
      case READ -> "open it beforehand, and keep the stream or channel";
      case CHANGE ->
        use.operation().startsWith("opened")
            ? "open it beforehand, and keep the stream or channel"
            : "do it beforehand";
      case LIST -> "list it beforehand";
      case EXAMINE ->
        group(use) == Group.LIBRARIES && isInRuntime(use.subject())
            ? called(use)
            : "examine it beforehand";
      case LIBRARY ->
        isInRuntime(use.subject()) ? called(use) : "System.load(\"" + use.subject() + "\");";
      case HOST -> "look it up beforehand, and keep the java.net.InetAddress";
      case SOCKET ->
        "connect or bind the socket beforehand, or receive it over a DescriptorChannel";
      case PROGRAM -> "open the program beforehand, and use dev.procdesc.Spawner.ofDescriptor";
      case QUERY -> "query it beforehand, and keep the result";
      case PROCESS -> "use dev.procdesc.Spawner, and keep its descriptors";
    };
  }

  /** Returns the checklist as text. */
  String toText() {
    List<Item> failing = failing();
    StringBuilder text = new StringBuilder();
    text.append("descriptor-only mode that refuses ").append(mode).append(": ");
    text.append(
        switch (failing.size()) {
          case 0 -> "nothing would fail";
          case 1 -> "1 use would fail";
          default -> failing.size() + " uses would fail";
        });
    text.append('\n');
    append(text, failing, TO_DO);
    if (verbose) {
      List<Item> working = working();
      text.append("\nworks without a preparation: ").append(working.size()).append('\n');
      append(text, working, WORKS);
      text.append("\nclasses by source\n");
      classes.forEach((source, count) ->
          text.append("  ").append(source).append(": ").append(count).append('\n'));
    }
    return text.toString();
  }

  private static void append(StringBuilder text, List<Item> items, String box) {
    Optional<Group> group = Optional.empty();
    for (Item item : items) {
      if (!group.equals(Optional.of(item.group))) {
        group = Optional.of(item.group);
        text.append('\n').append(item.group.title).append('\n');
      }
      text.append("  ").append(box).append(' ').append(item.subject).append('\n');
      text.append("      ")
          .append(item.operation)
          .append(" at ")
          .append(item.place)
          .append('\n');
      if (box.equals(TO_DO)) {
        text.append("      ").append(item.remedy).append('\n');
      }
    }
  }

  /** Returns the checklist as a line of JSON. */
  String toJson() throws IOException {
    StringWriter text = new StringWriter();
    try (JsonWriter out = new JsonWriter(text)) {
      out.setHtmlSafe(false);
      out.beginObject().name("command").beginArray();
      for (String word : command) {
        out.value(word);
      }
      out.endArray();
      out.name("exitCode").value(exitCode);
      out.name("refused").value(mode.toString());
      out.name("fails");
      write(out, failing());
      if (verbose) {
        out.name("works");
        write(out, working());
        out.name("classes").beginObject();
        for (Map.Entry<String, Integer> entry : new TreeMap<>(classes).entrySet()) {
          out.name(entry.getKey()).value(entry.getValue());
        }
        out.endObject();
      }
      out.endObject();
    }
    return text.toString();
  }

  private static void write(JsonWriter out, Collection<Item> items) throws IOException {
    out.beginArray();
    for (Item item : items) {
      out.beginObject();
      out.name("group").value(item.group.title);
      out.name("subject").value(item.subject);
      out.name("operation").value(item.operation);
      out.name("at").value(item.place);
      out.name("remedy").value(item.remedy);
      out.endObject();
    }
    out.endArray();
  }
}
