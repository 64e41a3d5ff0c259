package dev.procdesc;

import java.util.EnumSet;
import java.util.Objects;
import java.util.Set;

/**
 * The kind of object that a descriptor refers to, as system calls on it report: {@code fstat},
 * {@code getsockopt} and {@code fcntl}. Nothing that a sender claims is used.
 *
 * <pre>{@code
 * if (attachment.type() instanceof DescriptorType.Socket socket && socket.listening()) {
 *   server.listen(attachment.detach());
 * }
 * }</pre>
 */
public sealed interface DescriptorType {
  /**
   * Returns the name of the type in messages.
   *
   * @return words with an article, such as {@code a pipe}, or the name that {@code /proc} has for a
   *     file without a type (Linux), such as {@code anon_inode:[eventfd]}
   */
  String description();

  /**
   * A file of a file system ({@code S_IFREG}).
   *
   * @param access the access for which it is open
   */
  record RegularFile(AccessMode access) implements DescriptorType {
    /**
     * Checks for null.
     *
     * @param access see {@link #access()}
     */
    public RegularFile {
      Objects.requireNonNull(access, "access");
    }

    @Override
    public String description() {
      return "a file";
    }
  }

  /**
   * A file in memory without a name. Linux: a file of {@code memfd_create}, or another one of tmpfs
   * that has no name any more. FreeBSD: an object of {@code shm_open} or {@code memfd_create}, from
   * 13 on; before that it is reported as a {@link RegularFile}.
   *
   * @param access the access for which it is open
   * @param seals the changes that the kernel refuses from now on, also to the sender
   */
  record MemoryFile(AccessMode access, Set<Seal> seals) implements DescriptorType {
    /**
     * Copies the seals.
     *
     * @param access see {@link #access()}
     * @param seals see {@link #seals()}
     */
    public MemoryFile {
      Objects.requireNonNull(access, "access");
      seals = Set.copyOf(seals);
    }

    /**
     * Returns whether neither the size nor the content can change, so that the file can be mapped
     * and parsed without a copy.
     *
     * @return whether there are the seals {@code SHRINK}, {@code GROW} and {@code WRITE}
     */
    public boolean isImmutable() {
      return seals.containsAll(EnumSet.of(Seal.SHRINK, Seal.GROW, Seal.WRITE));
    }

    @Override
    public String description() {
      return "a memory file";
    }
  }

  /**
   * A change of a memory file that the kernel refuses.
   *
   * @see <a
   *     href="https://man7.org/linux/man-pages/man2/F_GET_SEALS.2const.html">F_GET_SEALS(2const),
   *     Linux</a>
   * @see <a href="https://man.freebsd.org/cgi/man.cgi?query=fcntl&amp;sektion=2">fcntl(2),
   *     FreeBSD</a>
   */
  enum Seal {
    /** More seals: {@code F_SEAL_SEAL}. */
    SEAL,
    /** A smaller size: {@code F_SEAL_SHRINK}. */
    SHRINK,
    /** A larger size: {@code F_SEAL_GROW}. */
    GROW,
    /** Other content: {@code F_SEAL_WRITE}. */
    WRITE
  }

  /** A directory ({@code S_IFDIR}), for calls such as {@code openat}. */
  record Directory() implements DescriptorType {
    @Override
    public String description() {
      return "a directory";
    }
  }

  /**
   * A socket ({@code S_IFSOCK}).
   *
   * @param domain the communication domain ({@code SO_DOMAIN})
   * @param kind the type of communication ({@code SO_TYPE})
   * @param listening whether it accepts connections ({@code SO_ACCEPTCONN})
   */
  record Socket(Domain domain, Kind kind, boolean listening) implements DescriptorType {
    /**
     * Checks for null.
     *
     * @param domain see {@link #domain()}
     * @param kind see {@link #kind()}
     * @param listening see {@link #listening()}
     */
    public Socket {
      Objects.requireNonNull(domain, "domain");
      Objects.requireNonNull(kind, "kind");
    }

    @Override
    public String description() {
      return "a socket";
    }

    /** A communication domain. */
    public enum Domain {
      /** {@code AF_UNIX}. */
      UNIX,
      /** {@code AF_INET}: IPv4. */
      INET,
      /** {@code AF_INET6}: IPv6. */
      INET6,
      /** Another domain. */
      OTHER
    }

    /** A type of communication. */
    public enum Kind {
      /** {@code SOCK_STREAM}. */
      STREAM,
      /** {@code SOCK_DGRAM}. */
      DATAGRAM,
      /** {@code SOCK_SEQPACKET}. */
      SEQPACKET,
      /** Another type, such as {@code SOCK_RAW}. */
      OTHER
    }
  }

  /**
   * An end of a pipe, or a FIFO ({@code S_IFIFO}).
   *
   * @param access the access for which it is open, which on Linux tells the two ends apart
   */
  record Pipe(AccessMode access) implements DescriptorType {
    /**
     * Checks for null.
     *
     * @param access see {@link #access()}
     */
    public Pipe {
      Objects.requireNonNull(access, "access");
    }

    @Override
    public String description() {
      return "a pipe";
    }
  }

  /**
   * A terminal: a character device with terminal modes ({@code tcgetattr}).
   *
   * @param access the access for which it is open
   */
  record Terminal(AccessMode access) implements DescriptorType {
    /**
     * Checks for null.
     *
     * @param access see {@link #access()}
     */
    public Terminal {
      Objects.requireNonNull(access, "access");
    }

    @Override
    public String description() {
      return "a terminal";
    }
  }

  /**
   * Anything else, such as a device, an event queue or the pidfd of a single thread
   * ({@code PIDFD_THREAD}), and a descriptor whose rights do not permit to query it (FreeBSD).
   *
   * @param description see {@link #description()}
   */
  record Other(String description) implements DescriptorType {
    /**
     * Checks for null.
     *
     * @param description see {@link #description()}
     */
    public Other {
      Objects.requireNonNull(description, "description");
    }
  }
}
