package dev.procdesc.linux;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.posix.ffi.Architecture;
import dev.procdesc.testing.Tool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Evaluates constant expressions with a C compiler. It compiles to assembly and runs nothing, so
 * that a cross compiler for another machine is sufficient.
 */
final class Cc {
  private static final Pattern VALUE =
      Pattern.compile("->(\\S+) [$#]?(-?[0-9]+) [$#]?(-?[0-9]+)<-");

  private final String compiler;

  private Cc(String compiler) {
    this.compiler = compiler;
  }

  /** A constant with its name, its expression and the headers that it needs. */
  record Constant(String name, String expression, List<String> headers) {}

  /** Returns the compiler for a machine, if it is installed. */
  static Optional<Cc> forMachine(String machine) throws IOException, InterruptedException {
    List<String> candidates = machine.equals(Architecture.CURRENT.gnuName())
        ? List.of("cc", "gcc", "clang")
        : List.of(machine + "-linux-gnu-gcc");
    for (String candidate : candidates) {
      if (Tool.run(List.of(candidate, "--version")).isPresent()) {
        return Optional.of(new Cc(candidate));
      }
    }
    return Optional.empty();
  }

  /** Returns whether the compiler finds the headers of the kernel and of a C library. */
  boolean hasHeaders(Path directory) throws IOException, InterruptedException {
    List<String> headers = List.of("asm/unistd.h", "fcntl.h");
    return compile(directory, List.of(new Constant("any", "0", headers))).isPresent();
  }

  /** Returns the values of those constants that compile. */
  Map<String, Long> values(Path directory, List<Constant> constants)
      throws IOException, InterruptedException {
    Map<List<String>, List<Constant>> byHeaders = constants.stream()
        .collect(Collectors.groupingBy(Constant::headers, LinkedHashMap::new, Collectors.toList()));
    Map<String, Long> values = new LinkedHashMap<>();
    for (List<Constant> group : byHeaders.values()) {
      Optional<String> assembly = compile(directory, group);
      if (assembly.isPresent()) {
        parse(assembly.get(), group, values);
        continue;
      }
      for (Constant one : group) {
        Optional<String> alone = compile(directory, List.of(one));
        if (alone.isPresent()) {
          parse(alone.get(), List.of(one), values);
        }
      }
    }
    return values;
  }

  private Optional<String> compile(Path directory, List<Constant> group)
      throws IOException, InterruptedException {
    // The generic table of system calls contains clone3 only if this macro is defined.
    StringBuilder source = new StringBuilder(
        "#define _GNU_SOURCE\n#define __ARCH_WANT_SYS_CLONE3\n#define __ARCH_WANT_RENAMEAT\n");
    group.get(0).headers().forEach(header -> source.append("#include <" + header + ">\n"));
    source.append("void values(void) {\n");
    for (Constant constant : group) {
      // As in the kernel's own build, the compiler evaluates it and the output is not assembled. It
      // is split into two halves, because an operand on x86-64 has 32 bits.
      String value = "(long long) (" + constant.expression() + ")";
      source.append("  __asm__ volatile(\"->" + constant.name() + " %0 %1<-\" : : ");
      source.append("\"i\"((int) (" + value + " >> 32)), \"i\"((int) (" + value + ")));\n");
    }
    source.append("}\n");
    Path file = Files.writeString(directory.resolve("values.c"), source);
    Path assembly = directory.resolve("values.s");
    List<String> command = List.of(
        compiler, "-std=gnu11", "-w", "-O1", "-S", "-o", assembly.toString(), file.toString());
    return Tool.run(command).isEmpty() ? Optional.empty() : Optional.of(Files.readString(assembly));
  }

  private static void parse(String assembly, List<Constant> group, Map<String, Long> values) {
    Matcher matcher = VALUE.matcher(assembly);
    while (matcher.find()) {
      long high = Integer.parseInt(matcher.group(2));
      long low = Integer.parseInt(matcher.group(3)) & 0xFFFF_FFFFL;
      values.put(matcher.group(1), high << 32 | low);
    }
    for (Constant constant : group) {
      assertTrue(values.containsKey(constant.name()), () -> constant + " is not in " + assembly);
    }
  }
}
