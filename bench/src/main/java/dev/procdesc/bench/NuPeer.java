package dev.procdesc.bench;

import com.zaxxer.nuprocess.NuAbstractProcessHandler;
import com.zaxxer.nuprocess.NuProcess;
import com.zaxxer.nuprocess.NuProcessBuilder;
import java.io.IOException;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/**
 * Starts programs with NuProcess, and throws an exception where NuProcess only logs one: it returns
 * a process even if the start failed.
 */
final class NuPeer {
  /** The exceptions that NuProcess has logged since the last start. */
  private static final Queue<Throwable> LOGGED = new ConcurrentLinkedQueue<>();

  /** Held here because the log manager would forget a logger without references. */
  private static final Logger LOGGER = Logger.getLogger(NuProcess.class.getPackageName());

  static {
    LOGGER.addHandler(new Recorder());
  }

  private NuPeer() {}

  /**
   * Starts a program.
   *
   * @throws IOException if NuProcess cannot start it
   */
  static NuProcess start(NuAbstractProcessHandler handler, String... command) throws IOException {
    LOGGED.clear();
    NuProcess process = new NuProcessBuilder(handler, command).start();
    // It returns null, or a process that it has logged to be none.
    Optional<Throwable> logged = LOGGED.stream().findFirst();
    if (process == null || logged.isPresent()) {
      IOException failure = new IOException("NuProcess could not start " + command[0]);
      logged.ifPresent(failure::initCause);
      throw failure;
    }
    return process;
  }

  /** Records the exceptions that NuProcess logs. */
  private static final class Recorder extends Handler {
    @Override
    public void publish(LogRecord entry) {
      Optional.ofNullable(entry.getThrown()).ifPresent(LOGGED::add);
    }

    @Override
    public void flush() {
      // Nothing is buffered.
    }

    @Override
    public void close() {
      // There is nothing to release.
    }
  }
}
