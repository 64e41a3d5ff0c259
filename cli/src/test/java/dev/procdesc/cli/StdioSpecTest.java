package dev.procdesc.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.procdesc.Stdio;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

final class StdioSpecTest {
  @Test
  void whatAllTake() {
    List<Function<String, Stdio>> all =
        List.of(StdioSpec::input, StdioSpec::output, StdioSpec::errorOutput);
    for (Function<String, Stdio> stream : all) {
      assertEquals(Stdio.inherit(), stream.apply("inherit"));
      assertEquals(Stdio.nullDevice(), stream.apply("null"));
      assertEquals(Stdio.descriptor(2), stream.apply("fd:2"));
    }
  }

  @Test
  void aFileIsReadOrWritten() {
    assertEquals(Stdio.fromFile(Path.of("a:b")), StdioSpec.input("file:a:b"));
    assertEquals(Stdio.toFile(Path.of("x")), StdioSpec.output("file:x"));
    assertEquals(Stdio.appendTo(Path.of("x")), StdioSpec.errorOutput("append:x"));
    assertEquals(
        Stdio.file(Path.of("x"), Stdio.Access.CREATE_NEW, 0666), StdioSpec.errorOutput("new:x"));
  }

  @Test
  void onlyStandardErrorGoesWhereStandardOutputGoes() {
    assertEquals(Stdio.stdout(), StdioSpec.errorOutput("stdout"));
    assertThrows(TypeConversionException.class, () -> StdioSpec.output("stdout"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "x", "file:", "fd:", "fd:-1", "fd:x", "append:x", "pipe", "fd:4096"})
  void refusesWhatIsNone(String spec) {
    assertThrows(TypeConversionException.class, () -> StdioSpec.input(spec));
  }
}
