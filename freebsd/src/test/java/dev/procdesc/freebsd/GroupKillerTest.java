package dev.procdesc.freebsd;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.procdesc.posix.ffi.Mapping;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Tests the memory that a group killer unmaps. {@link StubHarnessTest} tests that it runs without
 * it.
 */
final class GroupKillerTest {
  private static final Mapping STUB = new Mapping(0x8_0000_0000L, 0x1000);
  private static final Mapping SCRIPT = new Mapping(0x9_0000_0000L, 0x4000);

  private static Mapping fromTo(long start, long end) {
    return new Mapping(start, end - start);
  }

  @Test
  void everythingButStubAndScript() {
    List<Mapping> gaps = List.of(
        fromTo(0x1000, 0x8_0000_0000L),
        fromTo(0x8_0000_1000L, 0x9_0000_0000L),
        fromTo(0x9_0000_4000L, 0x7FFF_FFFF_F000L),
        fromTo(0x9_0000_4000L, 0xFFFF_FFFF_F000L),
        fromTo(0x9_0000_4000L, 0xFF_FFFF_FFFF_F000L));
    assertEquals(gaps, GroupKiller.allBut(STUB, SCRIPT));
    assertEquals(gaps, GroupKiller.allBut(SCRIPT, STUB), "in any order");
  }

  @Test
  void neighboursHaveNothingBetweenThem() {
    Mapping neighbour = new Mapping(STUB.end(), 0x4000);
    assertEquals(
        List.of(STUB.address(), neighbour.end()),
        List.of(
            GroupKiller.allBut(STUB, neighbour).get(0).end(),
            GroupKiller.allBut(STUB, neighbour).get(1).address()));
  }

  @Test
  void whereAnEndIsBelowThereIsNoSuchGap() {
    Mapping high = new Mapping(0xF000_0000_0000L, 0x4000); // An address on arm64.
    assertEquals(
        List.of(0x1000L, STUB.end(), high.end(), high.end()),
        GroupKiller.allBut(STUB, high).stream().map(Mapping::address).toList());
  }
}
