package dev.procdesc.posix.ffi;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.kenai.jffi.MemoryIO;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

final class NativeArenaTest {
  private static final MemoryIO MEMORY = MemoryIO.getInstance();

  @Test
  void everythingIsAlignedToWords() {
    try (NativeArena arena = new NativeArena()) {
      for (int size = 1; size <= 70; size++) {
        NativeArena.Place place = arena.allocate(size);
        assertEquals(0, place.address() % Long.BYTES, "size " + size);
        assertEquals(ByteOrder.nativeOrder(), place.bytes().order());
      }
      assertEquals(0, arena.string("x") % Long.BYTES);
      assertEquals(0, arena.ints(1, 2, 3) % Long.BYTES);
      assertEquals(0, arena.words(1) % Long.BYTES);
    }
  }

  @Test
  void theAddressAndTheBufferAreTheSamePlace() {
    try (NativeArena arena = new NativeArena()) {
      arena.string("something before it");
      NativeArena.Place place = arena.allocate(16);
      place.bytes().putLong(place.at() + 8, 0x0123_4567_89AB_CDEFL);
      assertEquals(0x0123_4567_89AB_CDEFL, MEMORY.getLong(place.address() + 8));
    }
  }

  @Test
  void placesDoNotOverlapAcrossBlocks() {
    int count = 5_000;
    try (NativeArena arena = new NativeArena()) {
      List<NativeArena.Place> places = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        int size = 1 + i % 97;
        NativeArena.Place place = arena.allocate(size);
        for (int at = 0; at < size; at++) {
          place.bytes().put(place.at() + at, (byte) i);
        }
        places.add(place);
      }
      for (int i = 0; i < count; i++) {
        byte[] seen = new byte[1 + i % 97];
        MEMORY.getByteArray(places.get(i).address(), seen, 0, seen.length);
        byte[] expected = new byte[seen.length];
        Arrays.fill(expected, (byte) i);
        assertArrayEquals(expected, seen, "place " + i);
      }
    }
  }

  @Test
  void oneThingMayBeLargerThanABlock() {
    for (int size : new int[] {
      NativeMemory.SIZE - 1, NativeMemory.SIZE, NativeMemory.SIZE + 1, 20 * NativeMemory.SIZE
    }) {
      try (NativeArena arena = new NativeArena()) {
        long before = arena.words(42);
        NativeArena.Place large = arena.allocate(size);
        large.bytes().put(large.at(), (byte) 1).put(large.at() + size - 1, (byte) 2);
        long after = arena.words(43);
        assertEquals(1, MEMORY.getByte(large.address()));
        assertEquals(2, MEMORY.getByte(large.address() + size - 1));
        assertEquals(42, MEMORY.getLong(before), "size " + size);
        assertEquals(43, MEMORY.getLong(after), "size " + size);
      }
    }
  }

  @Test
  void aThingMayFillABlockExactly() {
    try (NativeArena arena = new NativeArena()) {
      NativeArena.Place whole = arena.allocate(NativeMemory.SIZE);
      assertEquals(0, whole.at());
      NativeArena.Place next = arena.allocate(1);
      assertTrue(next.address() < whole.address()
          || next.address() >= whole.address() + NativeMemory.SIZE);
    }
  }

  @Test
  void stringsEndWithNul() {
    try (NativeArena arena = new NativeArena()) {
      // The previous content of the block must not be visible.
      NativeArena.Place dirt = arena.allocate(4096);
      for (int i = 0; i < 4096; i++) {
        dirt.bytes().put(dirt.at() + i, (byte) 0x55);
      }
    }
    try (NativeArena arena = new NativeArena()) {
      assertEquals("", text(arena.string("")));
      assertEquals("seven b", text(arena.string("seven b")));
      assertEquals("eight by", text(arena.string("eight by")));
      byte[] bytes = {(byte) 0xFF, 1, (byte) 0x80};
      assertArrayEquals(bytes, MEMORY.getZeroTerminatedByteArray(arena.string(bytes)));
    }
  }

  @Test
  void listsOfStringsEndWithANullPointer() {
    try (NativeArena arena = new NativeArena()) {
      assertEquals(0, MEMORY.getAddress(arena.strings(List.of())));
      List<byte[]> texts = new ArrayList<>();
      for (int i = 0; i < 20_000; i++) {
        texts.add(("entry " + i).getBytes(StandardCharsets.US_ASCII));
      }
      long list = arena.strings(texts);
      for (int i = 0; i < texts.size(); i++) {
        assertEquals("entry " + i, text(MEMORY.getAddress(list + 8L * i)));
      }
      assertEquals(0, MEMORY.getAddress(list + 8L * texts.size()));
    }
  }

  @Test
  void numbersAreInTheMachinesOrder() {
    try (NativeArena arena = new NativeArena()) {
      long ints = arena.ints(1, -2, Integer.MAX_VALUE);
      assertEquals(1, MEMORY.getInt(ints));
      assertEquals(-2, MEMORY.getInt(ints + 4));
      assertEquals(Integer.MAX_VALUE, MEMORY.getInt(ints + 8));
      long words = arena.words(Long.MIN_VALUE, 7);
      assertEquals(Long.MIN_VALUE, MEMORY.getLong(words));
      assertEquals(7, MEMORY.getLong(words + 8));
    }
  }

  private static String text(long address) {
    return new String(MEMORY.getZeroTerminatedByteArray(address), StandardCharsets.US_ASCII);
  }
}
