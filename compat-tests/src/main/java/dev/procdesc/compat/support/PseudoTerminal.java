package dev.procdesc.compat.support;

import dev.procdesc.Stdio;
import dev.procdesc.compat.Requires;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import jnr.constants.platform.OpenFlags;

/** A pseudo terminal whose master this JVM holds. */
public final class PseudoTerminal implements AutoCloseable {
  private final int master;
  private final int terminal;
  private final String name;

  /** Opens a new one; neither end becomes the controlling terminal of this JVM. */
  public PseudoTerminal() {
    int flags = OpenFlags.O_RDWR.intValue() | OpenFlags.O_NOCTTY.intValue();
    master = Libc.C.posix_openpt(flags);
    Requires.that(master != -1, "pseudo terminals");
    Descriptors.setCloseOnExec(master, true);
    Libc.check(() -> Libc.C.grantpt(master));
    Libc.check(() -> Libc.C.unlockpt(master));
    name = Libc.C.ptsname(master);
    terminal = Descriptors.open(Path.of(name), flags, 0);
  }

  /** Returns the path of the terminal. */
  public String name() {
    return name;
  }

  /** Returns the terminal, for a child. */
  public Stdio terminal() {
    return Stdio.descriptor(terminal);
  }

  /** Returns this JVM's descriptor of the terminal. */
  public int fd() {
    return terminal;
  }

  /** Returns whether this JVM's descriptor of the terminal is still open. */
  public boolean isOpen() {
    return Descriptors.isOpen(terminal);
  }

  /** Returns the foreground process group. */
  public int foreground() {
    return Libc.check(() -> Libc.C.tcgetpgrp(master));
  }

  /** Types text. */
  public void type(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    Libc.checkLong(() -> Libc.C.write(master, bytes, bytes.length));
  }

  /** Returns the line that the terminal shows next, with its end. */
  public String line() {
    StringBuilder shown = new StringBuilder();
    while (shown.indexOf("\n") < 0) {
      byte[] buffer = new byte[100];
      int read = (int) Libc.checkLong(() -> Libc.C.read(master, buffer, buffer.length));
      shown.append(new String(buffer, 0, read, StandardCharsets.UTF_8));
    }
    return shown.toString();
  }

  @Override
  public void close() {
    Descriptors.close(terminal);
    Descriptors.close(master);
  }
}
