package dev.procdesc.compat.c12_sandbox;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.DescriptorOnly;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.Feature;
import dev.procdesc.Platform;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.ChildJvm;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Scenario;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Tests the trial of the descriptor-only mode, which refuses nothing. */
@ExtendWith(LeakCheck.class)
@Tag(Tags.JVM)
final class SandboxTrialTest {
  @Test
  @Contract("C12")
  void aTrialRefusesNothingAndSaysSo(@TempDir Path directory) throws Exception {
    Requires.feature(Feature.DESCRIPTOR_ONLY_MODE);
    Path file = Files.writeString(directory.resolve("file"), "text");
    String output = ChildJvm.of(Trial.class, file.toString())
        .property("dev.procdesc.sandbox.trial", "true")
        .run();
    assertTrue(output.contains("dev.procdesc.sandbox.trial"), output);
  }

  /** Tries the mode, and then opens a file by its name and a process by its ID. */
  public static final class Trial implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      Platform platform = Platform.current();
      platform.enterDescriptorOnlyMode(DescriptorOnly.FILES);
      assertTrue(platform.inDescriptorOnlyMode());
      assertTrue(platform.inDescriptorOnlyMode(DescriptorOnly.FILES));
      assertEquals("text", Files.readString(Path.of(arguments[0])));
      assertEquals(0, new ProcessBuilder("true").start().waitFor());
      try (var child = Run.ordinary(Run.cat()).spawn()) {
        child.stdin().close();
        assertEquals(new Exited(0), child.waitFor());
        child.stdout().close();
      }
    }
  }
}
