package dev.procdesc.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.codegen.docgen.manpage.ManPageGenerator;

/**
 * Writes the manual pages of pd, as AsciiDoc, and its completion for bash and zsh, from its
 * options.
 */
final class Manual {
  /**
   * The first lines of a file that zsh loads at the first completion. It parses the whole file
   * before it runs a line of it, so the alias of compopt there comes too late.
   */
  private static final String ZSH = "#compdef pd\ncompopt() { :; }\n";

  /** The last line of that file, which answers the first completion. */
  private static final String FIRST = "_bash_complete -o default -F _complete_pd\n";

  private Manual() {}

  /**
   * Runs the program.
   *
   * @param arguments the directory to write to, and the version of pd
   * @throws IOException if it cannot be written
   */
  public static void main(String[] arguments) throws IOException {
    write(Path.of(arguments[0]), arguments[1]);
  }

  static void write(Path directory, String version) throws IOException {
    CommandLine line = Main.commandLine();
    Path pages = Files.createDirectories(directory.resolve("asciidoc"));
    line.getCommandSpec().versionProvider(null).version("procdesc " + version);
    int code = ManPageGenerator.generateManPage(
        pages.toFile(), null, new boolean[0], true, line.getCommandSpec());
    if (code != 0) {
      throw new IOException("the manual pages were not written, status " + code);
    }
    String completion = AutoComplete.bash("pd", line);
    Files.writeString(Files.createDirectories(directory.resolve("bash")).resolve("pd"), completion);
    Files.writeString(
        Files.createDirectories(directory.resolve("zsh")).resolve("_pd"), ZSH + completion + FIRST);
  }
}
