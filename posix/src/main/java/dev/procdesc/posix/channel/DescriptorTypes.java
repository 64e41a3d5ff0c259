package dev.procdesc.posix.channel;

import static dev.procdesc.posix.ffi.PosixNumbers.S_IFBLK;
import static dev.procdesc.posix.ffi.PosixNumbers.S_IFCHR;
import static dev.procdesc.posix.ffi.PosixNumbers.S_IFDIR;
import static dev.procdesc.posix.ffi.PosixNumbers.S_IFIFO;
import static dev.procdesc.posix.ffi.PosixNumbers.S_IFMT;
import static dev.procdesc.posix.ffi.PosixNumbers.S_IFREG;
import static dev.procdesc.posix.ffi.PosixNumbers.S_IFSOCK;

import dev.procdesc.AccessMode;
import dev.procdesc.DescriptorType;
import dev.procdesc.DescriptorType.Seal;
import dev.procdesc.DescriptorType.Socket.Domain;
import dev.procdesc.DescriptorType.Socket.Kind;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.ffi.SocketNumbers;
import dev.procdesc.posix.ffi.SystemNumbers;
import dev.procdesc.posix.ffi.Terminals;
import java.util.EnumSet;
import java.util.Set;

/** Determines what a descriptor refers to, by calls on it only. */
public final class DescriptorTypes {
  private final AttachmentCalls calls;

  /** Creates a classification by the calls of a system. */
  public DescriptorTypes(AttachmentCalls calls) {
    this.calls = calls;
  }

  /** Returns the type of an open descriptor that is no process descriptor. */
  public DescriptorType of(int fd) {
    int mode = calls.mode(fd);
    if (mode < 0) {
      return new DescriptorType.Other(
          "a descriptor of unknown type: fstat: " + Errors.describe(-mode));
    }
    return switch (mode & S_IFMT) {
      case S_IFREG -> file(fd);
      case S_IFDIR -> new DescriptorType.Directory();
      case S_IFIFO -> new DescriptorType.Pipe(access(fd));
      case S_IFSOCK -> socket(fd);
      case S_IFCHR ->
        Terminals.modes(fd).isPresent()
            ? new DescriptorType.Terminal(access(fd))
            : new DescriptorType.Other("a character device");
      case S_IFBLK -> new DescriptorType.Other("a block device");
      default -> new DescriptorType.Other(calls.name(fd).orElse("a descriptor of another kind"));
    };
  }

  private static AccessMode access(int fd) {
    int flags = LibC.fcntl(fd, PosixNumbers.F_GETFL, 0);
    if (flags < 0 || (flags & SystemNumbers.posix().oPath()) != 0) {
      return AccessMode.NONE;
    }
    return switch (flags & PosixNumbers.O_ACCMODE) {
      case PosixNumbers.O_RDONLY -> AccessMode.READ;
      case PosixNumbers.O_WRONLY -> AccessMode.WRITE;
      case PosixNumbers.O_RDWR -> AccessMode.READ_WRITE;
      default -> AccessMode.NONE;
    };
  }

  private DescriptorType file(int fd) {
    int seals = calls.seals(fd);
    return seals < 0
        ? new DescriptorType.RegularFile(access(fd))
        : new DescriptorType.MemoryFile(access(fd), seals(seals));
  }

  private static Set<Seal> seals(int bits) {
    Set<Seal> seals = EnumSet.noneOf(Seal.class);
    for (Seal seal : Seal.values()) {
      if ((bits & bit(seal)) != 0) {
        seals.add(seal);
      }
    }
    return seals;
  }

  private static int bit(Seal seal) {
    return switch (seal) {
      case SEAL -> PosixNumbers.F_SEAL_SEAL;
      case SHRINK -> PosixNumbers.F_SEAL_SHRINK;
      case GROW -> PosixNumbers.F_SEAL_GROW;
      case WRITE -> PosixNumbers.F_SEAL_WRITE;
    };
  }

  private static DescriptorType socket(int fd) {
    SocketNumbers numbers = SystemNumbers.sockets();
    int domain = SocketOptions.query(fd, numbers.soDomain());
    int kind = SocketOptions.query(fd, numbers.soType());
    int listening = SocketOptions.query(fd, numbers.soAcceptconn());
    int failed = Math.min(domain, Math.min(kind, listening));
    if (failed < 0) {
      return new DescriptorType.Other("a socket: getsockopt: " + Errors.describe(-failed));
    }
    return new DescriptorType.Socket(domain(domain, numbers), kind(kind), listening != 0);
  }

  private static Domain domain(int number, SocketNumbers numbers) {
    if (number == numbers.afInet6()) {
      return Domain.INET6;
    }
    return switch (number) {
      case SocketNumbers.AF_UNIX -> Domain.UNIX;
      case SocketNumbers.AF_INET -> Domain.INET;
      default -> Domain.OTHER;
    };
  }

  private static Kind kind(int number) {
    return switch (number) {
      case SocketNumbers.SOCK_STREAM -> Kind.STREAM;
      case SocketNumbers.SOCK_DGRAM -> Kind.DATAGRAM;
      case SocketNumbers.SOCK_SEQPACKET -> Kind.SEQPACKET;
      default -> Kind.OTHER;
    };
  }
}
