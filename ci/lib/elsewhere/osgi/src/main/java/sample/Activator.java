package sample;

import dev.procdesc.ChildProcess;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.osgi.framework.BundleActivator;
import org.osgi.framework.BundleContext;

/** Starts a child when the bundle is started, and then stops the framework. */
public final class Activator implements BundleActivator {
  @Override
  public void start(BundleContext context) throws Exception {
    Spawner spawner = Spawner.of("sh", "-c", "echo spawned; exit 5").stdout(Stdio.pipe());
    try (ChildProcess child = spawner.spawn()) {
      String output = new String(child.stdout().readAllBytes(), StandardCharsets.UTF_8).strip();
      System.out.println(output + ", " + child.waitFor(Duration.ofSeconds(60)).orElseThrow());
    } finally {
      context.getBundle(0).stop();
    }
  }

  @Override
  public void stop(BundleContext context) {}
}
