package dev.procdesc.compat.support;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import jnr.constants.platform.OpenFlags;

/**
 * Children that other processes start, and whose lives a test sees without any PID: each holds the
 * writing end of a named pipe, whose reading end the test has. They exit when the test does.
 */
public final class WatchedChildren implements AutoCloseable {
  private static final String LEASH = "leash";

  /** The child stays until it is killed, or until no process holds the writing end of the leash. */
  private static final String SCRIPT = "trap '' HUP INT QUIT TERM; echo up; read line <\"$1\"";

  private final Path directory;
  private final int leash;
  private final Map<String, Integer> pipes = new TreeMap<>();

  /** Creates the leash in a directory. */
  public WatchedChildren(Path directory) {
    this.directory = directory;
    create(LEASH);
    leash = Descriptors.open(directory.resolve(LEASH), OpenFlags.O_RDWR.intValue(), 0);
  }

  private void create(String name) {
    Libc.check(() -> Libc.C.mkfifo(directory.resolve(name).toString(), 0600));
  }

  /** Prepares for a child with a name. */
  public void expect(String name) {
    create(name);
    int flags = OpenFlags.O_RDONLY.intValue() | OpenFlags.O_NONBLOCK.intValue();
    pipes.put(name, Descriptors.open(directory.resolve(name), flags, 0));
  }

  /** Returns, in another process, a spawner of the child with a name. */
  public static Spawner spawner(Path directory, String name) {
    return Spawner.of("/bin/sh", "-c", SCRIPT, "sh", directory.resolve(LEASH).toString())
        .stdin(Stdio.nullDevice())
        .stdout(Stdio.toFile(directory.resolve(name)))
        .stderr(Stdio.nullDevice());
  }

  /** Asserts that a child, which was started, is alive. */
  public void assertAlive(String name) {
    int fd = pipe(name);
    assertTrue((Poll.now(fd) & Poll.POLLHUP) == 0, () -> name + " is lost");
  }

  /** Asserts that a child is dead or dies, or was never started. */
  public void assertDead(String name) {
    int fd = pipe(name);
    byte[] buffer = new byte[16];
    if (Poll.now(fd) == 0) {
      return; // Never started: a child that lives has written, or will when this is asked again.
    }
    if ((Poll.now(fd) & Poll.POLLIN) != 0 && (Poll.now(fd) & Poll.POLLHUP) == 0) {
      // POLLIN stays as long as the text is not read, so it is read before the hang-up is awaited.
      long count = Libc.checkLong(() -> Libc.C.read(fd, buffer, buffer.length));
      assertEquals("up\n", new String(buffer, 0, (int) count, StandardCharsets.US_ASCII));
      int events = Poll.readable(fd);
      assertEquals(Poll.POLLHUP, events & Poll.POLLHUP, () -> name + " is an orphan");
    }
  }

  /** Asserts that all children are dead or die. */
  public void assertAllDead() {
    pipes.keySet().forEach(this::assertDead);
  }

  /** Returns the names of all children, alive or not. */
  public Iterable<String> names() {
    return pipes.keySet();
  }

  private int pipe(String name) {
    Integer fd = pipes.get(name);
    assertTrue(fd != null, () -> "unexpected child " + name);
    return fd;
  }

  @Override
  public void close() {
    Descriptors.close(leash);
    pipes.values().forEach(Descriptors::close);
  }
}
