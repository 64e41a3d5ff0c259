package dev.procdesc.spi;

import java.util.List;

/**
 * The descriptors with which this JVM was started, as its environment announces them.
 *
 * @param names a name for each descriptor, the first of which is {@link #FIRST}
 * @param named whether the environment has the names; without them, a lifeline is recognized by its
 *     position behind a process
 * @param addressed whether the environment names this process as the receiver; otherwise it may be
 *     that of a process that started this one, and speak of other descriptors
 */
public record Announcement(List<String> names, boolean named, boolean addressed) {
  /** The number of the first descriptor. */
  public static final int FIRST = 3;
}
