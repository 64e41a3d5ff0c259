package dev.procdesc.posix.backend;

import static dev.procdesc.posix.io.Logging.LOG;

import java.io.IOException;
import java.io.InputStream;
import java.net.NetworkInterface;
import java.net.ProxySelector;
import java.nio.channels.DatagramChannel;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.security.Security;
import java.time.zone.ZoneRulesProvider;
import java.util.Set;
import java.util.TimeZone;
import java.util.zip.Adler32;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import java.util.zip.Inflater;
import javax.crypto.Mac;
import javax.net.ssl.SSLContext;

/**
 * Makes the JDK read the files that it otherwise opens at their first use: the data of time zones,
 * the configuration of cryptography, TLS, logging and proxies, the libraries of sockets,
 * compression and management, and the archives of the class path. It must be called before a mode
 * that refuses names is entered.
 *
 * <p>A part that fails here fails again at its first use, with the same exception, which is
 * reported there. So each failure is only logged.
 */
public final class JdkFiles {
  /** A name that no archive contains: a search for it opens all of them. */
  private static final String NOWHERE = "dev/procdesc/posix/backend/nowhere";

  /** A part of the JDK. */
  private interface Part {
    void load() throws Exception;
  }

  private JdkFiles() {}

  /** Loads all parts that this Java runtime has. */
  public static void load() {
    load(JdkFiles::openArchives);
    load(JdkFiles::loadTimeZones);
    load(JdkFiles::loadSecurity);
    load(() -> SSLContext.getDefault().createSSLEngine());
    load(JdkFiles::loadSockets);
    load(JdkFiles::loadNetwork);
    load(JdkFiles::loadCompression);
    load(JdkFiles::loadLogging);
    load(() -> LOG.isLoggable(System.Logger.Level.ERROR));
    load(() -> callStatic("java.lang.management.ManagementFactory", "getRuntimeMXBean"));
    load(() -> callStatic("java.lang.management.ManagementFactory", "getOperatingSystemMXBean"));
  }

  private static void load(Part part) {
    try {
      part.load();
    } catch (Exception | LinkageError e) {
      LOG.log(System.Logger.Level.DEBUG, "not loaded in advance", e);
    }
  }

  /** Opens the archives of the class path and of the module path, which then stay open. */
  private static void openArchives() throws IOException {
    ClassLoader.getSystemResource(NOWHERE);
    for (Module module : ModuleLayer.boot().modules()) {
      try (InputStream nothing = module.getResourceAsStream(NOWHERE)) {
        assert nothing == null;
      }
    }
  }

  private static Set<String> loadTimeZones() {
    TimeZone.getTimeZone("Europe/Berlin"); // The older classes have separate data.
    TimeZone.getDefault();
    return ZoneRulesProvider.getAvailableZoneIds(); // Its class reads the data of all zones.
  }

  private static void loadSecurity() throws GeneralSecurityException {
    Security.getProviders();
    Mac.getInstance("HmacSHA256");
    SecureRandom.getInstanceStrong();
    new SecureRandom().nextInt();
  }

  private static void loadSockets() throws IOException {
    try (Selector selector = Selector.open();
        ServerSocketChannel channel = ServerSocketChannel.open()) {
      channel.configureBlocking(false).register(selector, 0);
    }
  }

  /** Loads the classes that load the library of sockets again, and the configuration of proxies. */
  private static void loadNetwork() throws IOException {
    NetworkInterface.getByIndex(1);
    DatagramChannel.open().close();
    ProxySelector.getDefault();
  }

  /**
   * Loads the library of compression. Each of its classes examines the name of the library, also if
   * another has loaded it, and fails in a mode that refuses to examine names.
   */
  private static void loadCompression() {
    new Deflater().end();
    new Inflater().end();
    new CRC32().reset();
    new Adler32().reset();
  }

  /** Loads the configuration and the handlers of java.util.logging, if the runtime has it. */
  private static void loadLogging() throws ReflectiveOperationException {
    Class<?> logger = Class.forName("java.util.logging.Logger");
    Object root = logger.getMethod("getLogger", String.class).invoke(null, "");
    logger.getMethod("getHandlers").invoke(root);
  }

  private static void callStatic(String type, String method) throws ReflectiveOperationException {
    Class.forName(type).getMethod(method).invoke(null);
  }
}
