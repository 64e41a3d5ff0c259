package dev.procdesc.posix.ffi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class NativeMemoryTest {
  @Test
  void blocksAreReused() {
    long address;
    try (NativeMemory memory = NativeMemory.borrow()) {
      address = memory.address();
      memory.bytes().position(17).limit(20);
    }
    try (NativeMemory memory = NativeMemory.borrow()) {
      assertEquals(address, memory.address());
      assertEquals(0, memory.bytes().position(), "as new");
      assertEquals(NativeMemory.SIZE, memory.bytes().limit(), "as new");
    }
  }

  @Test
  void blocksInUseAreDifferent() {
    Set<NativeMemory> borrowed = new HashSet<>();
    Set<Long> addresses = new HashSet<>();
    for (int i = 0; i < 40; i++) {
      NativeMemory memory = NativeMemory.borrow();
      borrowed.add(memory);
      assertTrue(addresses.add(memory.address()));
    }
    borrowed.forEach(NativeMemory::close);
  }

  @Test
  void accessIsBounded() {
    try (NativeMemory memory = NativeMemory.borrow(NativeMemory.SIZE + 1)) {
      memory.bytes().put(NativeMemory.SIZE, (byte) 1);
      assertThrows(
          IndexOutOfBoundsException.class,
          () -> memory.bytes().put(NativeMemory.SIZE + 1, (byte) 1));
    }
  }

  @Test
  void largeBlocksAreNotKept() {
    long large;
    try (NativeMemory memory = NativeMemory.borrow(NativeMemory.SIZE * 2)) {
      large = memory.address();
      assertEquals(NativeMemory.SIZE * 2, memory.bytes().capacity());
    }
    try (NativeMemory memory = NativeMemory.borrow(1)) {
      assertEquals(NativeMemory.SIZE, memory.bytes().capacity());
      assertNotEquals(0, large);
    }
  }
}
