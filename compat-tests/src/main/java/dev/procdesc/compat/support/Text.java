package dev.procdesc.compat.support;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/** Talks to children in lines. */
public final class Text {
  private Text() {}

  /** All up to the end of the file, without the last line's end. */
  public static String all(InputStream in) throws IOException {
    return new String(in.readAllBytes(), StandardCharsets.UTF_8).stripTrailing();
  }

  /** One line, and not a byte more. */
  public static String line(InputStream in) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int next = in.read(); next != -1 && next != '\n'; next = in.read()) {
      line.write(next);
    }
    return line.toString(StandardCharsets.UTF_8);
  }

  /** Sends a line. */
  public static void send(OutputStream out, String line) throws IOException {
    out.write((line + "\n").getBytes(StandardCharsets.UTF_8));
    out.flush();
  }

  /**
   * Sends a line to a child that echoes, and waits for the echo: the child has nothing else to do.
   */
  public static String echo(OutputStream out, InputStream in, String line) throws IOException {
    send(out, line);
    return line(in);
  }
}
