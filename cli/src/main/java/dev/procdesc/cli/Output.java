package dev.procdesc.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * An output of {@code pd} that reports write errors. {@link System#out} ignores them, and a full
 * disk would look like success.
 */
final class Output implements AutoCloseable {
  private static final Output STDOUT =
      new Output("standard output", new FileOutputStream(FileDescriptor.out), ofTerminal(), true);
  private static final Output STDERR = new Output(
      "standard error", new FileOutputStream(FileDescriptor.err), StandardCharsets.UTF_8, true);

  private final String name;
  private final OutputStream to;
  private final Charset charset;
  private final boolean isStandard;

  private Output(String name, OutputStream to, Charset charset, boolean isStandard) {
    this.name = name;
    this.to = to;
    this.charset = charset;
    this.isStandard = isStandard;
  }

  /** The failure to write an output; its message names the output. */
  static final class Failed extends IOException {
    private static final long serialVersionUID = 1;

    Failed(String name, IOException cause) {
      super("cannot write " + name + ": " + cause.getMessage(), cause);
    }
  }

  /** Returns standard output. */
  static Output stdout() {
    return STDOUT;
  }

  /** Returns standard error, for reports, which are in UTF-8. */
  static Output stderr() {
    return STDERR;
  }

  /** Creates or truncates a file. */
  static Output file(Path file) throws IOException {
    return new Output(
        file.toString(), new FileOutputStream(file.toFile()), StandardCharsets.UTF_8, false);
  }

  private static Charset ofTerminal() {
    // Java 17 has no such property; its default encoding is that of the locale.
    String encoding = System.getProperty("stdout.encoding");
    return encoding == null ? Charset.defaultCharset() : Charset.forName(encoding);
  }

  /** Writes a text at once, without a buffer. */
  synchronized void print(String text) throws Failed {
    try {
      to.write(text.getBytes(charset));
    } catch (IOException e) {
      throw new Failed(name, e);
    }
  }

  /** Writes a text and a line terminator. */
  void println(String text) throws Failed {
    print(text + "\n");
  }

  /** Closes a file; standard output and standard error remain open. */
  @Override
  public void close() throws Failed {
    if (isStandard) {
      return;
    }
    try {
      to.close();
    } catch (IOException e) {
      throw new Failed(name, e);
    }
  }
}
