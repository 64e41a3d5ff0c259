package dev.procdesc.posix.ffi;

/**
 * A range of mapped pages in the memory of this process.
 *
 * @param address the address of the first byte
 * @param size the size in bytes
 */
public record Mapping(long address, long size) {
  /** Returns the address after the last byte. */
  public long end() {
    return address + size;
  }
}
