package dev.procdesc.linux;

import dev.procdesc.linux.kernel.Numbers;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Builds a seccomp filter: rules for system calls, in BPF. Each rule is a block that begins with a
 * test for its call and makes the decision if the test succeeds; a call without a rule is allowed.
 * So blocks are independent of each other, and no jump leaves its block.
 *
 * <p>Arguments are compared by their lower halves: the arguments compared here are ints in the
 * kernel, which ignores the upper half too.
 */
final class SeccompFilter {
  /** {@code struct sock_filter}: code, two jump distances, an operand. */
  record Instruction(int code, int ifTrue, int ifFalse, int operand) {
    static final int SIZE = 8;
  }

  /** The bit that is set in the numbers of x32's calls, on x86-64. */
  private static final int X32 = 0x4000_0000;

  private static final Instruction ALLOW =
      new Instruction(Numbers.BPF_RETURN, 0, 0, Numbers.SECCOMP_RET_ALLOW);

  private final Instruction refuse;
  private final List<Instruction> program = new ArrayList<>();

  /**
   * Creates a filter that refuses with an error number. Every call of a foreign architecture is
   * refused.
   */
  SeccompFilter(int errno) {
    refuse = error(errno);
    load(Numbers.SECCOMP_DATA_ARCH);
    program.add(equal(Numbers.AUDIT_ARCH, 1, 0));
    program.add(refuse);
    load(Numbers.SECCOMP_DATA_NR);
    program.add(new Instruction(Numbers.BPF_JUMP_SET, 0, 1, X32));
    program.add(refuse);
  }

  private static Instruction error(int errno) {
    return new Instruction(Numbers.BPF_RETURN, 0, 0, Numbers.SECCOMP_RET_ERRNO | errno);
  }

  private static Instruction equal(int value, int ifTrue, int ifFalse) {
    return new Instruction(Numbers.BPF_JUMP_EQUAL, ifTrue, ifFalse, value);
  }

  private void load(int offset) {
    program.add(new Instruction(Numbers.BPF_LOAD, 0, 0, offset));
  }

  private void loadArgument(int index) {
    load(Numbers.SECCOMP_DATA_ARGS + index * Long.BYTES);
  }

  /** Refuses a call. */
  SeccompFilter refuse(int call) {
    program.add(equal(call, 0, 1));
    program.add(refuse);
    return this;
  }

  /** Refuses a call unless an argument has one of the values. */
  SeccompFilter onlyIf(int call, int argument, int... values) {
    program.add(equal(call, 0, values.length + 3));
    decide(argument, refuse, ALLOW, values);
    return this;
  }

  /** Refuses a call if an argument has one of the values. */
  SeccompFilter unless(int call, int argument, int... values) {
    program.add(equal(call, 0, values.length + 3));
    decide(argument, ALLOW, refuse, values);
    return this;
  }

  /**
   * Refuses a call unless its first argument has one value and its second has one of the others.
   */
  SeccompFilter onlyIfBoth(int call, int first, int... second) {
    program.add(equal(call, 0, second.length + 6));
    loadArgument(0);
    program.add(equal(first, 1, 0));
    program.add(refuse);
    decide(1, refuse, ALLOW, second);
    return this;
  }

  /** Refuses a call unless an argument has this bit. */
  SeccompFilter onlyWith(int call, int argument, int bit) {
    program.add(equal(call, 0, 4));
    loadArgument(argument);
    program.add(new Instruction(Numbers.BPF_JUMP_SET, 1, 0, bit));
    program.add(refuse);
    program.add(ALLOW);
    return this;
  }

  /** Refuses a call unless an argument, a pointer, is null. Both halves are compared. */
  SeccompFilter onlyIfNull(int call, int argument) {
    program.add(equal(call, 0, 6));
    loadArgument(argument);
    program.add(equal(0, 0, 2));
    load(Numbers.SECCOMP_DATA_ARGS + argument * Long.BYTES + Integer.BYTES);
    program.add(equal(0, 1, 0));
    program.add(refuse);
    program.add(ALLOW);
    return this;
  }

  /** Fails every call with a higher number with ENOSYS, like a kernel that does not have it. */
  SeccompFilter lacksAllAfter(int call) {
    program.add(new Instruction(Numbers.BPF_JUMP_GREATER, 0, 1, call));
    program.add(error(Numbers.ENOSYS));
    return this;
  }

  private void decide(int argument, Instruction none, Instruction one, int... values) {
    loadArgument(argument);
    for (int i = 0; i < values.length; i++) {
      program.add(equal(values[i], values.length - i, 0));
    }
    program.add(none);
    program.add(one);
  }

  /** Returns the complete program. */
  List<Instruction> program() {
    List<Instruction> complete = new ArrayList<>(program);
    complete.add(ALLOW);
    return complete;
  }

  /**
   * Writes the program in the kernel's layout.
   *
   * @return the number of bytes written
   */
  int write(ByteBuffer bytes, int at) {
    int next = at;
    for (Instruction instruction : program()) {
      bytes
          .putShort(next, (short) instruction.code())
          .put(next + 2, (byte) instruction.ifTrue())
          .put(next + 3, (byte) instruction.ifFalse())
          .putInt(next + 4, instruction.operand());
      next += Instruction.SIZE;
    }
    return next - at;
  }
}
