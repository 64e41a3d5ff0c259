package dev.procdesc.posix.ffi;

/**
 * Pages of this process's memory.
 *
 * @param address of the first byte
 * @param size in bytes
 */
public record Mapping(long address, long size) {
  /** The address behind the last byte. */
  public long end() {
    return address + size;
  }
}
