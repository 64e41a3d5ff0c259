package dev.procdesc.posix.ffi;

import com.kenai.jffi.CallContext;
import com.kenai.jffi.CallingConvention;
import com.kenai.jffi.Invoker;
import com.kenai.jffi.LastError;
import com.kenai.jffi.Library;
import com.kenai.jffi.Type;
import java.util.Arrays;
import java.util.Optional;

/**
 * A C function with at most six word-sized arguments, called through jffi. Only this class enters
 * native code and reads errno: immediately after a failed call, in the same thread. Results follow
 * the convention of the kernel: a non-negative value, or {@code -errno}.
 *
 * <p>Rejected: jnr-ffi's {@code LibraryLoader}. It compiles a class for each interface of
 * functions, which costs a cold JVM more than 80 ms before its first spawn, and the generated class
 * cannot access an interface in a package that its module does not export unconditionally. jnr-ffi
 * is built on jffi; a call through jffi costs the same.
 */
public final class NativeFunction {
  private static final CallContext[] CONTEXTS = new CallContext[7];
  private static final Invoker INVOKER = Invoker.getInstance();

  static {
    for (int arity = 0; arity < CONTEXTS.length; arity++) {
      Type[] words = new Type[arity];
      Arrays.fill(words, Type.SLONG_LONG);
      CONTEXTS[arity] =
          CallContext.getCallContext(Type.SLONG_LONG, words, CallingConvention.DEFAULT, true);
    }
  }

  private final long address;

  private NativeFunction(long address) {
    this.address = address;
  }

  /**
   * Returns a function of the C library that every supported system has.
   *
   * @throws UnsatisfiedLinkError if the C library lacks it
   */
  public static NativeFunction of(String name) {
    Optional<Long> address = symbol(name);
    if (address.isEmpty()) {
      throw new UnsatisfiedLinkError("the C library has no function " + name);
    }
    return new NativeFunction(address.get());
  }

  /** Returns a function that only newer C libraries have; empty if it is absent. */
  public static Optional<NativeFunction> find(String name) {
    Optional<Long> address = symbol(name);
    return address.isEmpty() ? Optional.empty() : Optional.of(new NativeFunction(address.get()));
  }

  /** Returns the address of a global variable or function of this process. */
  public static Optional<Long> symbol(String name) {
    Optional<Long> simulated = Simulation.symbol(name);
    return simulated.isPresent() ? simulated : symbol(Library.getDefault(), name);
  }

  /** Returns the address of a global variable or function of a library. */
  static Optional<Long> symbol(Library library, String name) {
    long address = library.getSymbolAddress(name);
    return address == 0 ? Optional.empty() : Optional.of(address);
  }

  /** Returns a function for machine code at an address. */
  public static NativeFunction at(long address) {
    return new NativeFunction(address);
  }

  /**
   * Converts a C int: the upper half of the register is undefined, so only the lower one counts.
   */
  private static int outcome(long register) {
    int value = (int) register;
    return value == -1 ? -errno() : value;
  }

  private static int errno() {
    return LastError.getInstance().get();
  }

  /** Calls {@code int f(void)}. */
  public int call() {
    return outcome(INVOKER.invokeN0(CONTEXTS[0], address));
  }

  /** Calls {@code int f(a)}. */
  public int call(long a) {
    return outcome(INVOKER.invokeN1(CONTEXTS[1], address, a));
  }

  /** Calls {@code int f(a, b)}. */
  public int call(long a, long b) {
    return outcome(INVOKER.invokeN2(CONTEXTS[2], address, a, b));
  }

  /** Calls {@code int f(a, b, c)}. */
  public int call(long a, long b, long c) {
    return outcome(INVOKER.invokeN3(CONTEXTS[3], address, a, b, c));
  }

  /** Calls {@code int f(a, b, c, d)}. */
  public int call(long a, long b, long c, long d) {
    return outcome(INVOKER.invokeN4(CONTEXTS[4], address, a, b, c, d));
  }

  /** Calls {@code int f(a, b, c, d, e)}. */
  public int call(long a, long b, long c, long d, long e) {
    return outcome(INVOKER.invokeN5(CONTEXTS[5], address, a, b, c, d, e));
  }

  /** Calls {@code int f(a, b, c, d, e, f)}. */
  public int call(long a, long b, long c, long d, long e, long f) {
    return outcome(INVOKER.invokeN6(CONTEXTS[6], address, a, b, c, d, e, f));
  }

  /**
   * The result of a function that does not report every error by it.
   *
   * @param value the result, a C int
   * @param errno the error number that the call left; 0 if it did not set errno
   */
  public record Reported(int value, int errno) {}

  /** Calls {@code int f(a, b, c, d)} with errno set to 0 before, and returns both results. */
  public Reported callReporting(long a, long b, long c, long d) {
    LastError.getInstance().set(0);
    int value = (int) INVOKER.invokeN4(CONTEXTS[4], address, a, b, c, d);
    return new Reported(value, errno());
  }

  /** Calls {@code long f(a)}, which itself returns a value or {@code -errno}. */
  public long callRaw(long a) {
    return INVOKER.invokeN1(CONTEXTS[1], address, a);
  }

  /** Calls {@code long f(a, b, c)}, such as a function that returns {@code ssize_t}. */
  public long callLong(long a, long b, long c) {
    long value = INVOKER.invokeN3(CONTEXTS[3], address, a, b, c);
    return value == -1 ? -errno() : value;
  }

  /** Calls {@code long f(a, b, c, d, e, f)}, such as {@code mmap}. */
  public long callLong(long a, long b, long c, long d, long e, long f) {
    long value = INVOKER.invokeN6(CONTEXTS[6], address, a, b, c, d, e, f);
    return value == -1 ? -errno() : value;
  }
}
