package dev.procdesc.compat.c09_start;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.Spawner;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.ChildJvm;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Scenario;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Tests that the environment and the arguments reach the child byte by byte. */
@ExtendWith(LeakCheck.class)
final class EnvironmentTest {
  /** Returns a program that prints its environment, one variable per line. */
  private static Spawner env() {
    return Run.piped(Spawner.of("/usr/bin/env"));
  }

  @Test
  @Contract("C9")
  void theEnvironmentIsInheritedByDefault() throws Exception {
    assertEquals(System.getenv("PATH"), Run.output(Run.sh("printf %s \"$PATH\"")));
  }

  @Test
  @Contract("C9")
  void theEnvironmentMayBeReplaced() throws Exception {
    Map<String, String> only = new LinkedHashMap<>();
    only.put("ONE", "1");
    only.put("EMPTY", "");
    only.put("EQUALS", "a=b=c");
    assertEquals("ONE=1\nEMPTY=\nEQUALS=a=b=c", Run.output(env().environmentOnly(only)));
    assertEquals("", Run.output(env().environmentOnly(Map.of())));
  }

  @Test
  @Contract("C9")
  void theLastSettingOfAVariableApplies() throws Exception {
    Spawner script = Run.sh("echo \"${PROCDESC_TEST-none}\"");
    assertEquals(
        "two",
        Run.output(script.environment("PROCDESC_TEST", "one").environment("PROCDESC_TEST", "two")));
    assertEquals(
        "none",
        Run.output(script.environment("PROCDESC_TEST", "one").withoutEnvironment("PROCDESC_TEST")));
    assertEquals(
        "two",
        Run.output(script.withoutEnvironment("PROCDESC_TEST").environment("PROCDESC_TEST", "two")));
    assertEquals(
        "X=1",
        Run.output(env().environment("PROCDESC_TEST", "one").environmentOnly(Map.of("X", "1"))));
    assertEquals(
        "X=1\nY=2", Run.output(env().environmentOnly(Map.of("X", "1")).environment("Y", "2")));
  }

  /** {@code ProcessBuilder} accepts an empty name, too. */
  @Test
  @Contract("C9")
  void aVariableMayHaveAnEmptyName() throws Exception {
    Spawner nameless = env().environmentOnly(Map.of("A", "1", "", "C:=\\"));
    assertEquals("=C:=\\", Run.output(nameless.withoutEnvironment("A")));
    assertEquals("=", Run.output(nameless.withoutEnvironment("A").environment("", "")));
    assertEquals("A=1", Run.output(nameless.withoutEnvironment("")));
  }

  @Test
  @Contract("C9")
  void removingAnUnsetVariableIsNoError() throws Exception {
    assertEquals("ok", Run.output(Run.sh("echo ok").withoutEnvironment("PROCDESC_NOT_THERE")));
  }

  @Test
  @Tag(Tags.JVM)
  @Contract("C9")
  void undecodableBytesAreInherited() {
    ChildJvm.of(BytesAreInherited.class)
        .startedBy("PROCDESC_TEST=$(printf 'a\\377\\200z'); export PROCDESC_TEST; exec \"$@\"")
        .run();
  }

  /** Inherits a variable whose bytes are not valid text in the JVM's encoding. */
  public static final class BytesAreInherited implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      String dump = "printf %s \"$PROCDESC_TEST\" | od -An -tx1 | tr -d ' '";
      assertEquals("61ff807a", Run.output(Run.sh(dump)));
      assertEquals("61ff807a", Run.output(Run.sh(dump).environment("PROCDESC_OTHER", "x")));
    }
  }

  @Test
  @Tag(Tags.JVM)
  @Contract("C9")
  void nonAsciiTextIsPassedUnchanged() {
    ChildJvm.of(TextBeyondAscii.class).environment("LC_ALL", "C.UTF-8").run();
  }

  @Test
  @Tag(Tags.JVM)
  @Contract("C9")
  void nonAsciiTextIsNeverReplaced() {
    ChildJvm.of(TextBeyondAscii.class).environment("LC_ALL", "C").run();
  }

  /**
   * Passes text that a locale may be unable to encode. It must arrive as the exact bytes of UTF-8
   * or be refused, and never be replaced by {@code ?}.
   */
  public static final class TextBeyondAscii implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      String dump = "printf %s \"$PROCDESC_TEST$1\" | od -An -tx1 | tr -d ' '";
      String text = "\u00e4\u20ac";
      String bytes = "c3a4e282ac";
      Spawner variable = Run.sh(dump).environment("PROCDESC_TEST", text);
      Spawner argument = Run.sh(dump, text).withoutEnvironment("PROCDESC_TEST");
      for (Spawner spawner : new Spawner[] {variable, argument}) {
        try {
          assertEquals(bytes, Run.output(spawner));
        } catch (IllegalArgumentException e) {
          assertTrue(
              System.getenv("LC_ALL").equals("C"),
              "only a locale that cannot encode the text refuses it: " + e);
        }
      }
    }
  }
}
