package dev.procdesc.posix.probe;

import dev.procdesc.ProbeResult;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.spi.Since;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/**
 * The results of a backend's probes for optional mechanisms, by name. Any mechanism can be disabled
 * with {@code -Ddev.procdesc.disable=name,name}, so that the fallbacks are testable on any kernel.
 */
public final class Mechanisms {
  /** The system property that disables mechanisms. */
  public static final String DISABLE = "dev.procdesc.disable";

  private final Set<String> disabled = Arrays.stream(
          System.getProperty(DISABLE, "").split(","))
      .map(String::strip)
      .filter(name -> !name.isEmpty())
      .collect(Collectors.toUnmodifiableSet());

  private final Map<String, ProbeResult> found = new ConcurrentHashMap<>();
  private final Optional<String> unavailable;
  private final String otherCause;

  /**
   * Creates an empty set of results.
   *
   * @param unavailable the reason why nothing can be probed; empty if probes are possible
   * @param otherCause the cause, other than an old version, of a missing mechanism, with a leading
   *     comma; may be empty
   */
  public Mechanisms(Optional<String> unavailable, String otherCause) {
    this.unavailable = unavailable;
    this.otherCause = otherCause;
  }

  /** Returns whether a mechanism is disabled by the system property. */
  public boolean isDisabled(String name) {
    return disabled.contains(name);
  }

  /** Returns whether a result is recorded for a mechanism. */
  public boolean isKnown(String name) {
    return found.containsKey(name);
  }

  /** Returns whether a mechanism is present and enabled. */
  public boolean has(String name) {
    return get(name).present();
  }

  /** Returns the recorded result for a mechanism, or an absent one that says it was not probed. */
  public ProbeResult get(String name) {
    ProbeResult mechanism = found.get(name);
    return mechanism == null
        ? new ProbeResult(name, false, "not probed", unavailable.orElse("a probe"))
        : mechanism;
  }

  /** Returns the results for several mechanisms, in the given order. */
  public List<ProbeResult> get(List<String> names) {
    return names.stream().map(this::get).toList();
  }

  /** Describes those of several mechanisms that are absent, and the reason why each is missing. */
  public String describe(List<String> names) {
    return get(names).stream()
        .filter(m -> !m.present())
        .map(m -> m.name() + ": " + m.how() + ", needs " + m.lacks())
        .collect(Collectors.joining("; "));
  }

  /** Records that a mechanism is absent. */
  public void absent(String name, String how, String lacks) {
    found.put(
        name,
        isDisabled(name)
            ? new ProbeResult(
                name, false, "switched off by -D" + DISABLE, "that property to be unset")
            : new ProbeResult(name, false, how, lacks));
  }

  /**
   * Records that a mechanism is absent because the system is older than the version that has it.
   */
  public void absent(String name, String how, Since lacks) {
    absent(name, how, lacks.toString());
  }

  /** Records whether a mechanism is present; a disabled one is recorded as absent. */
  public void note(String name, String how, boolean present, String lacks) {
    if (present && !isDisabled(name)) {
      found.put(name, new ProbeResult(name, true, how, ""));
    } else {
      absent(name, how, lacks);
    }
  }

  /**
   * Records a mechanism as present if a probing call succeeded and the mechanism is not disabled.
   *
   * @param how the probing call, for display
   * @param outcome the result of the call: {@code -errno} if the mechanism is absent
   * @param lacks the missing version, call or permission
   * @return whether the mechanism is present and enabled
   */
  public boolean decide(String name, String how, long outcome, String lacks) {
    boolean present = outcome >= 0 && !isDisabled(name);
    String answer = outcome < 0 ? how + ": " + Errors.describe((int) -outcome) : how;
    note(name, answer, present, lacks + otherCause);
    return present;
  }

  /**
   * Records the result of a probing call, for a mechanism that some versions of the system lack.
   */
  public boolean decide(String name, String how, long outcome, Since lacks) {
    return decide(name, how, outcome, lacks.toString());
  }
}
