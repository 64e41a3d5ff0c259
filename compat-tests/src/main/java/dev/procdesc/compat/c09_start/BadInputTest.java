package dev.procdesc.compat.c09_start;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ExitStatus;
import dev.procdesc.Feature;
import dev.procdesc.Limit;
import dev.procdesc.Signal;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Run;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.function.Executable;

/** Tests that misuse throws an unchecked exception with a message before any process exists. */
@ExtendWith(LeakCheck.class)
final class BadInputTest {
  private static final Spawner SPAWNER = Spawner.of(Run.TRUE);

  private static void refused(Executable misuse) {
    IllegalArgumentException thrown = assertThrows(IllegalArgumentException.class, misuse);
    assertFalse(String.valueOf(thrown.getMessage()).isBlank(), "the exception has a message");
  }

  @Test
  @Contract("C9")
  void anEmptyCommandIsRefused() {
    refused(() -> Spawner.of());
    refused(() -> Spawner.of(List.of()));
    refused(() -> Spawner.of(""));
    refused(() -> Spawner.of("", "argument"));
  }

  @Test
  @Contract("C9")
  void aNulInAnyStringIsRefused() {
    refused(() -> Spawner.of("/bin/\0true"));
    refused(() -> Spawner.of(Run.TRUE, "a\0b"));
    refused(() -> Spawner.ofDescriptor(0, "a\0b"));
    refused(() -> SPAWNER.argv0("\0"));
    refused(() -> SPAWNER.environment("A\0B", "c"));
    refused(() -> SPAWNER.environment("A", "b\0c"));
    refused(() -> SPAWNER.withoutEnvironment("A\0B"));
    refused(() -> SPAWNER.environmentOnly(Map.of("A\0B", "c")));
    refused(() -> SPAWNER.environmentOnly(Map.of("A", "b\0c")));
    refused(() -> SPAWNER.user("ro\0ot"));
    refused(() -> SPAWNER.group("wh\0eel"));
    refused(() -> SPAWNER.directory(Path.of("a\0b")));
  }

  @Test
  @Contract("C9")
  void anInvalidVariableNameIsRefused() {
    for (String name : List.of("A=B", "=", "=A", "A=")) {
      refused(() -> SPAWNER.environment(name, "value"));
      refused(() -> SPAWNER.withoutEnvironment(name));
      refused(() -> SPAWNER.environmentOnly(Map.of(name, "value")));
    }
  }

  @Test
  @Contract("C9")
  void aSurrogateWithoutItsPairIsRefused() {
    String unpaired = "a\uD83Dz";
    Spawner plain = Run.ordinary(SPAWNER);
    for (Spawner spawner : List.of(
        plain.environment("A", unpaired),
        plain.environment(unpaired, "value"),
        Run.ordinary(Spawner.of(Run.TRUE, unpaired)))) {
      IllegalArgumentException thrown =
          assertThrows(IllegalArgumentException.class, spawner::spawn);
      String message = String.valueOf(thrown.getMessage());
      assertTrue(message.contains("a\\uD83Dz") && message.contains("surrogate"), message);
    }
  }

  @Test
  @Contract("C9")
  void aNegativeDescriptorNumberIsRefused() {
    refused(() -> Stdio.descriptor(-1));
    refused(() -> Spawner.ofDescriptor(-1, "x"));
    refused(() -> SPAWNER.descriptor(-1, Stdio.nullDevice()));
    refused(() -> SPAWNER.controllingTerminal(-1));
    refused(() -> SPAWNER.foreground(-1));
  }

  @Test
  @Contract("C9")
  void anExtraDescriptorAtAStandardNumberOrGivenTwiceIsRefused() {
    for (int fd = 0; fd <= 2; fd++) {
      int standard = fd;
      refused(() -> SPAWNER.descriptor(standard, Stdio.nullDevice()));
    }
    Spawner one = SPAWNER.descriptor(7, Stdio.nullDevice());
    refused(() -> one.descriptor(7, Stdio.descriptor(0)));
  }

  @Test
  @Contract("C9")
  void aSourceThatDoesNotFitItsTargetIsRefused() {
    refused(() -> SPAWNER.descriptor(7, Stdio.pipe()));
    refused(() -> SPAWNER.descriptor(7, Stdio.inherit()));
    refused(() -> SPAWNER.descriptor(7, Stdio.stdout()));
    refused(() -> SPAWNER.stdin(Stdio.stdout()));
    refused(() -> SPAWNER.stdout(Stdio.stdout()));
  }

  @Test
  @Contract("C9")
  void numbersOutOfRangeAreRefused() {
    refused(() -> SPAWNER.umask(-1));
    refused(() -> SPAWNER.umask(01000));
    refused(() -> SPAWNER.processGroup(0));
    refused(() -> SPAWNER.processGroup(-1));
    refused(() -> SPAWNER.user(-1));
    refused(() -> SPAWNER.user(0xFFFF_FFFFL));
    refused(() -> SPAWNER.group(-1));
    refused(() -> SPAWNER.supplementaryGroups(0, 0xFFFF_FFFFL));
    refused(() -> Stdio.file(Path.of("x"), Stdio.Access.WRITE, -1));
    refused(() -> Stdio.file(Path.of("x"), Stdio.Access.WRITE, 010000));
    refused(() -> Limit.of(-1));
    refused(() -> new Limit(OptionalLong.of(2), OptionalLong.of(1)));
    refused(() -> new Limit(OptionalLong.empty(), OptionalLong.of(1)));
    refused(() -> new ExitStatus.Exited(256));
    refused(() -> new ExitStatus.Exited(-1));
  }

  @Test
  @Contract("C9")
  void anInvalidSignalIsRefused() {
    refused(() -> Signal.of("NONSENSE"));
    refused(() -> Signal.of(""));
    refused(() -> Signal.of("SIG0"));
    refused(() -> Signal.ofNumber(0));
    refused(() -> Signal.ofNumber(-1));
    refused(() -> SPAWNER.ignoredSignals(Signal.KILL));
    refused(() -> SPAWNER.ignoredSignals(Signal.TERM, Signal.STOP));
  }

  @Test
  @Contract("C9")
  void aNumberOfASignalThatCannotBeIgnoredIsRefused() {
    Requires.feature(Feature.CHILD_SETUP);
    // Linux has signals up to 64, FreeBSD up to 128, of which RTMAX is 126.
    int beyond = Signal.of("RTMAX").number() == 64 ? 65 : 129;
    for (int number : new int[] {Signal.KILL.number(), Signal.STOP.number(), beyond, 129}) {
      Signal signal = Signal.of("SIG" + number);
      refused(() -> SPAWNER.ignoredSignals(signal).spawn());
      refused(() -> SPAWNER.ignoredSignals(Signal.HUP, signal).spawn());
    }
  }

  @Test
  @Contract("C9")
  void otherNamesOfSignalsAreKnown() {
    assertEquals(Signal.IO, Signal.of("POLL"));
    assertEquals(Signal.CHLD, Signal.of("SIGCLD"));
    assertEquals(Signal.ABRT, Signal.of("iot"));
    int first = Signal.of("RTMIN").number();
    assertEquals(first + 3, Signal.of("SIGRTMIN+3").number());
    assertEquals(Signal.of("rtmax").number() - 2, Signal.of("RTMAX-2").number());
    assertEquals("SIG" + (first + 3), Signal.ofNumber(first + 3).name());
    refused(() -> Signal.of("RTMIN-1"));
    refused(() -> Signal.of("RTMIN+0"));
    refused(() -> Signal.of("RTMIN+99").number());
    refused(() -> Signal.of("RTMAX-99").number());
    long known = Stream.of("PWR", "STKFLT", "EMT", "INFO")
        .filter(name -> {
          try {
            return Signal.of(name).number() > 0;
          } catch (IllegalArgumentException e) {
            return false;
          }
        })
        .count();
    assertEquals(2, known, "two of these names exist on each system");
  }

  @Test
  @Contract("C9")
  void aSignalHasOneNameAndOneNumber() {
    for (Signal signal : Signal.standard()) {
      assertEquals(signal, Signal.ofNumber(signal.number()));
      assertEquals(signal, Signal.of(signal.name()));
      assertEquals(signal, Signal.of(signal.name().substring(3)));
    }
    assertEquals(
        Signal.standard().size(),
        Signal.standard().stream().map(Signal::number).distinct().count());
    assertEquals(9, Signal.KILL.number());
    assertEquals(15, Signal.of("sigterm").number());
  }
}
