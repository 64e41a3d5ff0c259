package dev.procdesc.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tests that the tasks of docs/COMING-FROM.md print what the page says. {@code ci/coming-from} runs
 * the code for the other libraries.
 */
class ComingFromTest {
  private static final Pattern TASK = Pattern.compile("(?sm)^## \\d+\\. (.*?)(?=^## |\\z)");
  private static final Pattern PRINTS =
      Pattern.compile("(?m)^It prints (`[^`]+`(?:, `[^`]+`)*)\\.");
  private static final Pattern CODE =
      Pattern.compile("(?s)\\*\\*procdesc\\*\\*\n\n```java\n(.*?)```");

  private static final String IMPORTS = """
      import dev.procdesc.*;
      import java.nio.file.*;
      import java.time.Duration;
      import java.util.concurrent.*;
      """;

  @Test
  void tasksPrintWhatThePageSays(@TempDir Path directory) throws Exception {
    StringBuilder code = new StringBuilder();
    StringBuilder expected = new StringBuilder();
    int count = 0;
    Matcher task = TASK.matcher(Files.readString(Path.of("..", "docs", "COMING-FROM.md")));
    while (task.find()) {
      count++;
      code.append("  static void task" + count + "() throws Exception {\n"
          + first(CODE, task.group(1)) + "  }\n\n");
      String lines = first(PRINTS, task.group(1)).replace("`, `", "\n").replace("`", "");
      expected.append("task " + count + "\n" + lines + "\n");
    }
    assertEquals(10, count, "the tasks of the page");
    code.append("  public static void main(String[] args) throws Exception {\n");
    for (int i = 1; i <= count; i++) {
      code.append("    System.out.println(\"task " + i + "\");\n    task" + i + "();\n");
    }
    Path source = directory.resolve("Tasks.java");
    Files.writeString(source, IMPORTS + "\npublic class Tasks {\n" + code + "  }\n}\n");
    assertEquals(expected.toString(), Programs.output(source));
  }

  private static String first(Pattern pattern, String task) {
    Matcher matcher = pattern.matcher(task);
    assertTrue(matcher.find(), () -> pattern + " is missing in the task " + task);
    return matcher.group(1);
  }
}
