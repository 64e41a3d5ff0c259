package dev.procdesc.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.procdesc.Limit;
import dev.procdesc.Resource;
import java.util.EnumSet;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

final class LimitOptionTest {
  @Test
  void oneValueIsSoftAndHard() {
    assertEquals(new LimitOption(Resource.OPEN_FILES, Limit.of(256)), LimitOption.of("nofile=256"));
  }

  @Test
  void suffixesArePowersOf1024() {
    assertEquals(
        new LimitOption(
            Resource.ADDRESS_SPACE,
            new Limit(OptionalLong.of(512L << 20), OptionalLong.of(2L << 30))),
        LimitOption.of("as=512M:2G"));
    assertEquals(
        new LimitOption(Resource.FILE_SIZE, Limit.of(1L << 40)), LimitOption.of("fsize=1T"));
  }

  @Test
  void unlimited() {
    assertEquals(
        new LimitOption(Resource.CORE, new Limit(OptionalLong.of(0), OptionalLong.empty())),
        LimitOption.of("core=0:unlimited"));
    assertEquals(
        new LimitOption(Resource.STACK, Limit.unlimited()), LimitOption.of("stack=unlimited"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "nofile",
        "nofile=",
        "files=1",
        "nofile=-1",
        "nofile=1:",
        "nofile=2:1",
        "nofile=x",
        "nofile=unlimited:5",
        "as=9223372036854775807K",
        "as=1k",
        "nofile=1:2:3",
        "as=8388608T"
      })
  void refusesWhatIsNone(String text) {
    assertThrows(TypeConversionException.class, () -> LimitOption.of(text));
  }

  @Test
  void everyResourceHasAName() {
    assertEquals(EnumSet.allOf(Resource.class), Set.copyOf(LimitOption.NAMES.values()));
  }
}
