package dev.procdesc.posix.probe;

import dev.procdesc.ProbeResult;
import dev.procdesc.posix.ffi.Errors;
import dev.procdesc.spi.Since;
import java.util.HashSet;
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

  /**
   * The result of a probe. Its description is made when it is requested, because the names of error
   * numbers cost a cold JVM more than most probes.
   *
   * @param outcome the result of the probing call; {@code -errno} if it has failed
   */
  private record Found(boolean present, String how, long outcome, String lacks) {
    ProbeResult named(String name) {
      String answer = outcome < 0 ? how + ": " + Errors.describe((int) -outcome) : how;
      return new ProbeResult(name, present, answer, lacks);
    }
  }

  private final Set<String> disabled = disabled();
  private final Map<String, Found> found = new ConcurrentHashMap<>();
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

  private static Set<String> disabled() {
    Set<String> names = new HashSet<>();
    for (String name : System.getProperty(DISABLE, "").split(",", -1)) {
      if (!name.isBlank()) {
        names.add(name.strip());
      }
    }
    return names;
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
    Found mechanism = found.get(name);
    return mechanism != null && mechanism.present;
  }

  /** Returns the recorded result for a mechanism, or an absent one that says it was not probed. */
  public ProbeResult get(String name) {
    Found mechanism = found.get(name);
    return mechanism == null
        ? new ProbeResult(name, false, "not probed", unavailable.orElse("a probe"))
        : mechanism.named(name);
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
    absent(name, how, 0, lacks);
  }

  private void absent(String name, String how, long outcome, String lacks) {
    found.put(
        name,
        isDisabled(name)
            ? new Found(false, "switched off by -D" + DISABLE, 0, "that property to be unset")
            : new Found(false, how, outcome, lacks));
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
      found.put(name, new Found(true, how, 0, ""));
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
    if (outcome >= 0 && !isDisabled(name)) {
      found.put(name, new Found(true, how, 0, ""));
      return true;
    }
    absent(name, how, outcome, lacks + otherCause);
    return false;
  }

  /**
   * Records the result of a probing call, for a mechanism that some versions of the system lack.
   */
  public boolean decide(String name, String how, long outcome, Since lacks) {
    return decide(name, how, outcome, lacks.toString());
  }
}
