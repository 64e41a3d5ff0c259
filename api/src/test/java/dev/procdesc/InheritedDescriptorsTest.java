package dev.procdesc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.procdesc.spi.Announcement;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class InheritedDescriptorsTest {
  private static final String OWN = Long.toString(ProcessHandle.current().pid());

  @Test
  void withoutACountNothingIsAnnounced() {
    assertEquals(Optional.empty(), InheritedDescriptors.read(Map.of()));
    assertEquals(Optional.empty(), InheritedDescriptors.read(Map.of("LISTEN_PID", OWN)));
    assertEquals(Optional.empty(), InheritedDescriptors.read(Map.of("LISTEN_FDS", "0")));
  }

  @Test
  void whatIsMeantForAnotherProcessIsIgnored() {
    assertEquals(
        Optional.empty(),
        InheritedDescriptors.read(Map.of("LISTEN_FDS", "1", "LISTEN_PID", "1" + OWN)));
  }

  @Test
  void namesMayBeEmptyOrAbsent() {
    assertEquals(
        Optional.of(new Announcement(List.of("a", "", "b c"), true, true)),
        InheritedDescriptors.read(
            Map.of("LISTEN_FDS", "3", "LISTEN_FDNAMES", "a::b c", "LISTEN_PID", OWN)));
    assertEquals(
        Optional.of(new Announcement(List.of(""), true, false)),
        InheritedDescriptors.read(Map.of("LISTEN_FDS", "1", "LISTEN_FDNAMES", "")));
    assertEquals(
        Optional.of(new Announcement(List.of("unknown", "unknown"), false, false)),
        InheritedDescriptors.read(Map.of("LISTEN_FDS", "2")));
  }

  @Test
  void aMalformedVariableIsRefused() {
    for (String count : List.of("", "x", "-1", " 1", "1.0", "2147483647", "99999999999999999999")) {
      assertThrows(
          IllegalStateException.class,
          () -> InheritedDescriptors.read(Map.of("LISTEN_FDS", count)),
          count);
    }
    assertThrows(
        IllegalStateException.class,
        () -> InheritedDescriptors.read(Map.of("LISTEN_FDS", "1", "LISTEN_PID", "x")));
    assertThrows(
        IllegalStateException.class,
        () -> InheritedDescriptors.read(Map.of("LISTEN_FDS", "1", "LISTEN_FDNAMES", "a:b")));
  }
}
