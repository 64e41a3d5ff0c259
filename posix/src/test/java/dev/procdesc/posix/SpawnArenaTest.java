package dev.procdesc.posix;

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

final class SpawnArenaTest {
  private static final MemoryIO MEMORY = MemoryIO.getInstance();

  @Test
  void everythingIsAlignedToWords() {
    try (SpawnArena arena = new SpawnArena()) {
      for (int size = 1; size <= 70; size++) {
        SpawnArena.Place place = arena.allocate(size);
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
    try (SpawnArena arena = new SpawnArena()) {
      arena.string("something before it");
      SpawnArena.Place place = arena.allocate(16);
      place.bytes().putLong(place.at() + 8, 0x0123_4567_89AB_CDEFL);
      assertEquals(0x0123_4567_89AB_CDEFL, MEMORY.getLong(place.address() + 8));
    }
  }

  @Test
  void placesDoNotOverlapAcrossBlocks() {
    int count = 5_000;
    try (SpawnArena arena = new SpawnArena()) {
      List<SpawnArena.Place> places = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        int size = 1 + i % 97;
        SpawnArena.Place place = arena.allocate(size);
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
      try (SpawnArena arena = new SpawnArena()) {
        long before = arena.words(42);
        SpawnArena.Place large = arena.allocate(size);
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
    try (SpawnArena arena = new SpawnArena()) {
      SpawnArena.Place whole = arena.allocate(NativeMemory.SIZE);
      assertEquals(0, whole.at());
      SpawnArena.Place next = arena.allocate(1);
      assertTrue(next.address() < whole.address()
          || next.address() >= whole.address() + NativeMemory.SIZE);
    }
  }

  @Test
  void stringsEndWithNul() {
    try (SpawnArena arena = new SpawnArena()) {
      // What the block held before must not shine through.
      SpawnArena.Place dirt = arena.allocate(4096);
      for (int i = 0; i < 4096; i++) {
        dirt.bytes().put(dirt.at() + i, (byte) 0x55);
      }
    }
    try (SpawnArena arena = new SpawnArena()) {
      assertEquals("", text(arena.string("")));
      assertEquals("seven b", text(arena.string("seven b")));
      assertEquals("eight by", text(arena.string("eight by")));
      byte[] bytes = {(byte) 0xFF, 1, (byte) 0x80};
      assertArrayEquals(bytes, MEMORY.getZeroTerminatedByteArray(arena.string(bytes)));
    }
  }

  @Test
  void listsOfStringsEndWithANullPointer() {
    try (SpawnArena arena = new SpawnArena()) {
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
    try (SpawnArena arena = new SpawnArena()) {
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
