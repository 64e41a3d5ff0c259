package dev.procdesc.compat.report;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import org.junit.platform.launcher.TestPlan;

/**
 * Prints and writes the same report at the end of a Maven build. JUnit loads it as a service; the
 * property {@code procdesc.report} names the directory, and without it there is no report.
 */
public final class SurefireReport extends Results {
  /** Creates the listener, for JUnit. */
  public SurefireReport() {}

  @Override
  public void testPlanExecutionFinished(TestPlan plan) {
    String directory = System.getProperty("procdesc.report");
    if (directory == null || all().isEmpty()) {
      return;
    }
    Report report = new Report(all());
    report.print(System.out);
    try {
      report.write(Path.of(directory));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
