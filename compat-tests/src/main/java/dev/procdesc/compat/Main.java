package dev.procdesc.compat;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectPackage;

import dev.procdesc.Platform;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.UnsupportedFeatureException;
import dev.procdesc.compat.report.Outcome;
import dev.procdesc.compat.report.Report;
import dev.procdesc.compat.report.Result;
import dev.procdesc.compat.report.Results;
import dev.procdesc.compat.support.Seccomp;
import dev.procdesc.testing.Timeouts;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.junit.platform.engine.FilterResult;
import org.junit.platform.engine.discovery.ClassNameFilter;
import org.junit.platform.engine.support.descriptor.ClassSource;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.Launcher;
import org.junit.platform.launcher.PostDiscoveryFilter;
import org.junit.platform.launcher.TagFilter;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherConfig;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** Runs the suite and prints its report. */
public final class Main {
  private static final String USAGE = """
      usage: java -jar procdesc-compat-tests.jar [option...]
        --backend NAME   test this backend, where there are several
        --report DIR     write report.json and JUnit's XML into a directory
        --filter REGEX   only tests in whose Class.method the expression is found
        --backend-only   omit the control group and the view as java.lang.Process
        --quick          omit tests that take long or start JVMs
        --kernels        only tests of behavior that differs between versions of Linux
        --no-mechanisms  do not run again with mechanisms disabled
        --all-mechanisms  do that with all tests, not only the quick ones
        --seccomp        run under a filter that refuses clone3 and kill, as in containers
        --descriptor-only  run in the descriptor-only mode of Linux, without the control group;
                         tests that name a process by its ID are skipped
        --help           show this
      Exits with 0 if tests ran and none failed, 1 otherwise, 2 for a wrong option, 3 if no backend works.
      """;

  /** The exit code on a system that no backend supports. */
  public static final int UNSUPPORTED = 3;

  private final LauncherDiscoveryRequestBuilder request = LauncherDiscoveryRequestBuilder.request()
      .selectors(selectPackage(Main.class.getPackageName()))
      .filters(ClassNameFilter.includeClassNamePatterns(".*Test"))
      .configurationParameter(
          "junit.jupiter.execution.timeout.default",
          Timeouts.scaled(Duration.ofMinutes(10)).toSeconds() + " s");

  private Optional<Path> directory = Optional.empty();
  private boolean descriptorOnly;

  private Main() {}

  /**
   * Runs the suite.
   *
   * @param arguments the options; {@code --help} prints them
   */
  public static void main(String[] arguments) {
    System.exit(new Main().run(new ArrayDeque<>(Arrays.asList(arguments))));
  }

  private int run(Deque<String> arguments) {
    if (arguments.contains("--help")) {
      System.out.print(USAGE);
      return 0;
    }
    // The library keeps what it holds, because the tests check that nothing is left or added.
    System.getProperties().putIfAbsent("dev.procdesc.idle", "PT24H");
    try {
      parse(arguments);
      if (descriptorOnly) {
        if (Differences.descriptorOnlyModeRefusesEveryName()) {
          throw new IllegalArgumentException(
              "--descriptor-only: the mode refuses every name here, and the suite uses files by"
                  + " name; CapabilityModeTest enters the mode in separate JVMs");
        }
        Platform.current().enterDescriptorOnlyMode();
      }
      System.out.println(Platform.current() + ", Java " + Runtime.version());
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage());
      System.err.print(USAGE);
      return 2;
    } catch (UnsupportedFeatureException e) {
      System.err.println(e.getMessage());
      return UNSUPPORTED;
    } catch (ProcessDescriptorException e) {
      System.err.println("cannot enter the descriptor-only mode: " + e.getMessage());
      return 2;
    }
    omitInapplicable();
    Launcher launcher = LauncherFactory.create(LauncherConfig.builder()
        .enableTestExecutionListenerAutoRegistration(false)
        .build());
    Progress progress = new Progress();
    launcher.execute(request.build(), progress);
    Report report = new Report(progress.all());
    report.print(System.out);
    if (directory.isPresent()) {
      try {
        report.write(directory.get());
      } catch (IOException e) {
        System.err.println("cannot write the report: " + e);
        return 2;
      }
    }
    long passed = report.count(Outcome.PASSED);
    long failed = report.count(Outcome.FAILED);
    System.out.println();
    System.out.printf(
        "%d passed, %d failed, %d skipped%n",
        passed,
        failed,
        report.count(Outcome.LACKS_FEATURE) + report.count(Outcome.LACKS_CONDITION));
    return failed == 0 && passed > 0 ? 0 : 1;
  }

  /**
   * Omits tests that no kernel of this system can pass or that need more rounds: they are no skips.
   */
  private void omitInapplicable() {
    if (Platform.current().mechanisms().stream()
        .noneMatch(mechanism -> mechanism.name().equals("guardian"))) {
      request.filters(TagFilter.excludeTags(Tags.GUARDIAN));
      System.out.println("omitted: the tests of the guardian, which this system never needs");
    }
    if (!Rounds.areMany()) {
      request.filters(TagFilter.excludeTags(Tags.MANY_ROUNDS));
      System.out.println("omitted: the tests that need -Dprocdesc.rounds=100 or more");
    }
  }

  private void parse(Deque<String> arguments) {
    while (!arguments.isEmpty()) {
      String option = arguments.pop();
      switch (option) {
        case "--backend" -> System.setProperty("dev.procdesc.backend", value(option, arguments));
        case "--report" -> directory = Optional.of(Path.of(value(option, arguments)));
        case "--filter" -> request.filters(matching(value(option, arguments)));
        case "--backend-only" ->
          request.filters(ClassNameFilter.excludeClassNamePatterns(".*\\.(control|view)\\..*"));
        case "--quick" -> request.filters(TagFilter.excludeTags(Tags.JVM, Tags.LONG));
        case "--kernels" -> request.filters(TagFilter.includeTags(Tags.KERNELS));
        case "--no-mechanisms" -> request.filters(TagFilter.excludeTags(Tags.MECHANISMS));
        case "--all-mechanisms" -> System.setProperty("procdesc.mechanisms", "all");
        // Children inherit the filter: in them neither a shell's kill works nor a JVM's own
        // signals.
        case "--seccomp" -> {
          Seccomp.refuseClone3AndKill();
          request.filters(TagFilter.excludeTags(Tags.KILLS, Tags.JVM));
        }
        // The control group names processes by their IDs.
        case "--descriptor-only" -> {
          descriptorOnly = true;
          request.filters(ClassNameFilter.excludeClassNamePatterns(".*\\.control\\..*"));
        }
        default -> throw new IllegalArgumentException("unknown option " + option);
      }
    }
  }

  private static String value(String option, Deque<String> arguments) {
    if (arguments.isEmpty()) {
      throw new IllegalArgumentException("option " + option + " needs a value");
    }
    return arguments.pop();
  }

  private static PostDiscoveryFilter matching(String regex) {
    Pattern pattern;
    try {
      pattern = Pattern.compile(regex);
    } catch (PatternSyntaxException e) {
      throw new IllegalArgumentException("not a regular expression: " + e.getMessage(), e);
    }
    return test -> FilterResult.includedIf(test.getSource()
        .filter(MethodSource.class::isInstance)
        .map(MethodSource.class::cast)
        .map(method -> pattern
            .matcher(method.getJavaClass().getSimpleName() + "." + method.getMethodName())
            .find())
        // A class is omitted by omitting its methods.
        .orElse(true));
  }

  /** Prints the classes and the failures as they come. */
  private static final class Progress extends Results {
    @Override
    protected void finished(Result result) {
      if (result.outcome() == Outcome.FAILED) {
        System.out.println("FAILED " + result.subject() + " " + result.title());
      }
    }

    @Override
    public void executionStarted(TestIdentifier test) {
      super.executionStarted(test);
      test.getSource()
          .filter(ClassSource.class::isInstance)
          .map(source -> ((ClassSource) source).getJavaClass())
          .ifPresent(type -> System.out.println(type.getSimpleName()));
    }
  }
}
