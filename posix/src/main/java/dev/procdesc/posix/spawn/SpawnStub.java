package dev.procdesc.posix.spawn;

import com.kenai.jffi.MemoryIO;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.posix.ffi.LibC;
import dev.procdesc.posix.ffi.Mapping;
import dev.procdesc.posix.ffi.NativeArena;
import dev.procdesc.posix.ffi.NativeFunction;
import dev.procdesc.posix.ffi.PosixNumbers;
import dev.procdesc.posix.ffi.SystemNumbers;
import dev.procdesc.posix.probe.Mechanisms;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;

/**
 * The machine code that creates a child and executes its script. It is mapped once, written, and
 * then made executable; no page is ever writable and executable at the same time. It stays mapped
 * for the life of the JVM.
 */
public final class SpawnStub {
  private static final int PAGE = 4096;

  private final NativeFunction code;
  private final Mapping mapping;

  private SpawnStub(NativeFunction code, Mapping mapping) {
    this.code = code;
    this.mapping = mapping;
  }

  /**
   * Maps the stub.
   *
   * @param bytes position-independent code, from the backend's resources
   * @throws IOException if the system does not permit executable mappings
   */
  public static SpawnStub map(InputStream bytes) throws IOException {
    byte[] code = bytes.readAllBytes();
    long size = (code.length + PAGE - 1) / PAGE * (long) PAGE;
    long address = LibC.mmap(
        size,
        PosixNumbers.PROT_READ_WRITE,
        PosixNumbers.MAP_PRIVATE | SystemNumbers.posix().mapAnonymous());
    if (address < 0 && address > -PAGE) {
      throw Errors.failed("mmap", "the spawn stub", address);
    }
    MemoryIO.getInstance().putByteArray(address, code, 0, code.length);
    int outcome = LibC.mprotect(address, size, PosixNumbers.PROT_READ_EXEC);
    if (outcome < 0) {
      LibC.munmap(address, size);
      throw Errors.failed("mprotect(PROT_EXEC)", "the spawn stub", outcome);
    }
    return new SpawnStub(NativeFunction.at(address), new Mapping(address, size));
  }

  /**
   * Maps the stub for this machine, and records the result.
   *
   * @param mechanism the stub's name among the mechanisms
   * @param bytes the backend's resource; empty if there is none for this machine
   */
  public static Optional<SpawnStub> find(
      Mechanisms mechanisms, String mechanism, Optional<InputStream> bytes) {
    if (mechanisms.isDisabled(mechanism)) {
      mechanisms.absent(mechanism, "", "");
      return Optional.empty();
    }
    if (bytes.isEmpty()) {
      mechanisms.absent(
          mechanism,
          "loading the machine code",
          "a spawn stub for the machine " + System.getProperty("os.arch"));
      return Optional.empty();
    }
    try (InputStream code = bytes.get()) {
      Optional<SpawnStub> mapped = Optional.of(map(code));
      mechanisms.note(mechanism, "mmap, mprotect(PROT_EXEC)", true, "");
      return mapped;
    } catch (IOException e) {
      mechanisms.absent(
          mechanism, String.valueOf(e.getMessage()), "permission to map executable memory");
      return Optional.empty();
    }
  }

  /**
   * Returns a stub that is not mapped from machine code: a simulation, for tests.
   *
   * @param page the address of the page that contains the code
   */
  public static SpawnStub of(NativeFunction code, long page) {
    return new SpawnStub(code, new Mapping(page, PAGE));
  }

  /** Returns the pages of the machine code. */
  public Mapping mapping() {
    return mapping;
  }

  /**
   * The result of a run.
   *
   * @param created the result of the call that creates the child: its process ID, or {@code -errno}
   * @param failedStep the step that ended the script; negative if none did
   * @param returned the number of steps whose call has returned
   * @param results the results of the steps, if one of them ended the script
   */
  public record Run(long created, int failedStep, int returned, List<Long> results) {
    /** Returns whether a step ended the script. */
    public boolean failed() {
      return failedStep >= 0;
    }

    /**
     * Returns whether the child ended before the call that executes its program, although no step
     * failed: another process or the kernel killed it. A child that was killed within that call is
     * not recognized by its script.
     */
    public boolean endedEarly(ChildScript script) {
      return !failed() && returned < script.firstExecution();
    }
  }

  /**
   * Creates a child that executes a script. Returns when it has executed its program or ended, if
   * the creating call suspends this thread until then; otherwise returns at once.
   *
   * @param script a script in a shared arena, if the child gets a copy of the memory
   * @return the result of the call that creates the child: its process ID, or {@code -errno}
   */
  public long start(ChildScript.Written script) {
    return code.callRaw(script.address());
  }

  /**
   * Creates a child that suspends this thread, and executes a script in it. Returns when it has
   * executed its program or ended.
   *
   * @param create the number and arguments of the call that creates the child
   */
  public Run run(NativeArena arena, ChildScript script, long... create) {
    ChildScript.Written written = script.write(arena, create);
    return written.outcome(start(written));
  }
}
