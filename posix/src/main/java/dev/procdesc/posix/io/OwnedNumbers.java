package dev.procdesc.posix.io;

import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The numbers of the descriptors that this library owns. A number belongs to the last object that
 * took it: the kernel hands a number out again as soon as it is closed, which may be before its
 * former owner has removed itself here.
 */
final class OwnedNumbers {
  private static final int PAGE = 512;

  /** The owners by their numbers, in pages of which few exist if few numbers are in use. */
  private static @Nullable OwnedDescriptor[] @Nullable [] pages = new OwnedDescriptor[8][];

  private OwnedNumbers() {}

  private static @Nullable OwnedDescriptor[] page(int fd) {
    int index = fd / PAGE;
    if (index >= pages.length) {
      pages = Arrays.copyOf(pages, Math.max(index + 1, 2 * pages.length));
    }
    @Nullable OwnedDescriptor[] page = pages[index];
    if (page == null) {
      page = new OwnedDescriptor[PAGE];
      pages[index] = page;
    }
    return page;
  }

  /** Enters the owner of a number that was just opened, in place of a former one. */
  static synchronized void put(int fd, OwnedDescriptor owner) {
    page(fd)[fd % PAGE] = owner;
  }

  /**
   * Enters the owner of a number unless it has one.
   *
   * @return the present owner; empty if there was none
   */
  static synchronized Optional<OwnedDescriptor> putIfFree(int fd, OwnedDescriptor owner) {
    @Nullable OwnedDescriptor[] page = page(fd);
    OwnedDescriptor present = page[fd % PAGE];
    if (present == null) {
      page[fd % PAGE] = owner;
    }
    return Optional.ofNullable(present);
  }

  /** Removes an owner, unless another one has taken the number. */
  static synchronized void remove(int fd, OwnedDescriptor owner) {
    @Nullable OwnedDescriptor[] page = page(fd);
    if (page[fd % PAGE] == owner) {
      page[fd % PAGE] = null;
    }
  }
}
