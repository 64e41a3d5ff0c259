package dev.procdesc.compat.report;

import dev.procdesc.Platform;
import dev.procdesc.UnsupportedFeatureException;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.MissingCondition;
import dev.procdesc.compat.MissingFeature;
import dev.procdesc.compat.Origin;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.reflect.Method;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.TestExecutionResult.Status;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.TestPlan;

/** Collects the results of a run. */
public class Results implements TestExecutionListener {
  private final List<Result> results = new ArrayList<>();
  private final Map<String, Long> starts = new ConcurrentHashMap<>();
  private @Nullable TestPlan plan;

  /** Creates an empty collection. */
  public Results() {}

  /** Returns the results so far. */
  public final synchronized List<Result> all() {
    return List.copyOf(results);
  }

  /** Handles the result of a test that has finished. */
  protected void finished(Result result) {}

  @Override
  public void testPlanExecutionStarted(TestPlan testPlan) {
    plan = testPlan;
  }

  @Override
  public void executionStarted(TestIdentifier test) {
    starts.put(test.getUniqueId(), System.nanoTime());
  }

  @Override
  public void executionSkipped(TestIdentifier test, String reason) {
    add(test, Outcome.LACKS_CONDITION, reason, "", Optional.empty());
  }

  @Override
  public void executionFinished(TestIdentifier test, TestExecutionResult result) {
    Optional<Throwable> thrown = result.getThrowable();
    if (test.isContainer() && result.getStatus() == Status.SUCCESSFUL) {
      return;
    }
    if (thrown.isPresent() && thrown.get() instanceof MissingFeature missing) {
      add(test, Outcome.LACKS_FEATURE, missing.lacks(), missing.feature().name(), Optional.empty());
    } else if (thrown.isPresent() && thrown.get() instanceof MissingCondition missing) {
      add(test, Outcome.LACKS_CONDITION, missing.needs(), "", Optional.empty());
    } else if (result.getStatus() == Status.SUCCESSFUL) {
      add(test, Outcome.PASSED, "", "", Optional.empty());
    } else {
      // Also a test that was aborted without one of these reasons: a skip is never silent.
      add(test, Outcome.FAILED, String.valueOf(thrown.orElse(null)), "", thrown);
    }
  }

  private void add(
      TestIdentifier test,
      Outcome outcome,
      String reason,
      String feature,
      Optional<Throwable> thrown) {
    Optional<MethodSource> source =
        test.getSource().filter(MethodSource.class::isInstance).map(MethodSource.class::cast);
    String className = source.map(MethodSource::getClassName).orElse(test.getDisplayName());
    String method = source.map(MethodSource::getMethodName).orElse("");
    // An invocation of a parameterized test is "method [1] argument".
    boolean invocation = source.isPresent() && isInvocation(test);
    Result result = new Result(
        subject(className),
        className,
        invocation ? method + " " + test.getDisplayName() : method,
        source.map(s -> List.of(annotation(s, Contract.class, Contract::value))).orElse(List.of()),
        source.map(s -> List.of(annotation(s, Origin.class, Origin::value))).orElse(List.of()),
        outcome,
        reason,
        feature,
        thrown.map(Results::trace).orElse(""),
        Duration.ofNanos(
            System.nanoTime() - starts.getOrDefault(test.getUniqueId(), System.nanoTime())));
    synchronized (this) {
      results.add(result);
    }
    finished(result);
  }

  private boolean isInvocation(TestIdentifier test) {
    return plan != null
        && plan.getParent(test)
            .flatMap(TestIdentifier::getSource)
            .filter(MethodSource.class::isInstance)
            .isPresent();
  }

  private static <A extends java.lang.annotation.Annotation> String[] annotation(
      MethodSource source, Class<A> type, java.util.function.Function<A, String[]> value) {
    Method method = source.getJavaMethod();
    A annotation = method.getAnnotation(type);
    return annotation == null ? new String[0] : value.apply(annotation);
  }

  private static String subject(String className) {
    if (className.contains(".control.")) {
      return "control";
    }
    return className.contains(".view.") ? "view" : backend();
  }

  /** Returns the name of the backend. */
  static String backend() {
    try {
      return Platform.current().name();
    } catch (UnsupportedFeatureException e) {
      return "none";
    }
  }

  private static String trace(Throwable thrown) {
    StringWriter text = new StringWriter();
    thrown.printStackTrace(new PrintWriter(text));
    return text.toString();
  }
}
