package dev.procdesc.posix.probe;

import dev.procdesc.Mechanism;
import dev.procdesc.posix.ffi.Errors;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/**
 * What a backend found out of the mechanisms that it can use, under their names. Every mechanism
 * can be left out by {@code -Ddev.procdesc.disable=name,name}, so that the ones below it are tested
 * on any kernel.
 */
public final class Mechanisms {
  /** The system property that leaves mechanisms out. */
  public static final String DISABLE = "dev.procdesc.disable";

  private final Set<String> disabled = Arrays.stream(
          System.getProperty(DISABLE, "").split(","))
      .map(String::strip)
      .filter(name -> !name.isEmpty())
      .collect(Collectors.toUnmodifiableSet());

  private final Map<String, Mechanism> found = new ConcurrentHashMap<>();
  private final Optional<String> unavailable;
  private final String otherCause;

  /**
   * None found yet.
   *
   * @param unavailable why nothing can be found out at all; empty if it can
   * @param otherCause what else than a version may be missing, behind a comma; may be empty
   */
  public Mechanisms(Optional<String> unavailable, String otherCause) {
    this.unavailable = unavailable;
    this.otherCause = otherCause;
  }

  /** Whether a mechanism was switched off. */
  public boolean isDisabled(String name) {
    return disabled.contains(name);
  }

  /** Whether anything was found out about a mechanism. */
  public boolean isKnown(String name) {
    return found.containsKey(name);
  }

  /** Whether a mechanism is there. */
  public boolean has(String name) {
    return get(name).present();
  }

  /** What was found out about a mechanism. */
  public Mechanism get(String name) {
    Mechanism mechanism = found.get(name);
    return mechanism == null
        ? new Mechanism(name, false, "not probed", unavailable.orElse("a probe"))
        : mechanism;
  }

  /** Several, in this order. */
  public List<Mechanism> get(List<String> names) {
    return names.stream().map(this::get).toList();
  }

  /** Several that are all absent, with what each lacks. */
  public String describe(List<String> names) {
    return get(names).stream()
        .map(m -> m.name() + ": " + m.how() + ", lacks " + m.lacks())
        .collect(Collectors.joining("; "));
  }

  /** Records that a mechanism is not there. */
  public void absent(String name, String how, String lacks) {
    found.put(
        name,
        isDisabled(name)
            ? new Mechanism(name, false, "switched off by -D" + DISABLE, "the property unset")
            : new Mechanism(name, false, how, lacks));
  }

  /** Records a mechanism, or that it is not there; it is not if it was switched off. */
  public void note(String name, String how, boolean present, String lacks) {
    if (present && !isDisabled(name)) {
      found.put(name, new Mechanism(name, true, how, ""));
    } else {
      absent(name, how, lacks);
    }
  }

  /**
   * Records what a call tells of a mechanism, unless it was switched off.
   *
   * @param outcome of the call: {@code -errno} if the mechanism is not there
   * @param lacks the version that has it
   * @return whether it is there, and may be used
   */
  public boolean decide(String name, String how, long outcome, String lacks) {
    boolean present = outcome >= 0 && !isDisabled(name);
    String answer = outcome < 0 ? how + ": " + Errors.describe((int) -outcome) : how;
    note(name, answer, present, lacks + otherCause);
    return present;
  }
}
