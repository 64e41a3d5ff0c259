package dev.procdesc.compat.support;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/** Exchanges lines with children. */
public final class Text {
  private Text() {}

  /** Reads to the end of file; returns the text without trailing white space. */
  public static String all(InputStream in) throws IOException {
    return new String(in.readAllBytes(), StandardCharsets.UTF_8).stripTrailing();
  }

  /** Reads one line, and not a byte more. */
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

  /** Sends a line to a child that answers each, and returns the answer. */
  public static String echo(OutputStream out, InputStream in, String line) throws IOException {
    send(out, line);
    return line(in);
  }
}
