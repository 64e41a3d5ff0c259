package dev.procdesc.compat.c12_sandbox;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.procdesc.DescriptorOnly;
import dev.procdesc.Platform;
import dev.procdesc.compat.support.Scenario;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.management.ManagementFactory;
import java.lang.reflect.Proxy;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.Charset;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.text.NumberFormat;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.FormatStyle;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.TimeZone;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.logging.Logger;
import java.util.stream.IntStream;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.net.ssl.SSLContext;

/**
 * Uses the parts of the JDK that open files at their first use, for the first time after the names
 * of files are refused.
 */
public final class OrdinaryWork implements Scenario {
  @Override
  public void run(String... arguments) throws Exception {
    Map<String, Callable<Object>> works = works();
    Platform.current().enterDescriptorOnlyMode(DescriptorOnly.FILES);
    Map<String, Object> results = new LinkedHashMap<>();
    works.forEach((name, work) -> {
      try {
        if (work.call().equals(false)) {
          results.put(name, false);
        }
      } catch (Exception | LinkageError e) {
        results.put(name, e);
      }
    });
    assertEquals(Map.of(), results, "what did not work");
  }

  /** Returns operations by name; the result of an operation that does not work is false. */
  private static Map<String, Callable<Object>> works() {
    Map<String, Callable<Object>> works = new LinkedHashMap<>();
    works.put("stack trace", () -> {
      StringWriter trace = new StringWriter();
      new IllegalStateException().printStackTrace(new PrintWriter(trace));
      return trace.toString().contains("OrdinaryWork");
    });
    works.put(
        "zone",
        () -> ZoneId.of("Europe/Berlin")
            .getRules()
            .getOffset(Instant.EPOCH)
            .equals(ZoneOffset.ofHours(1)));
    works.put(
        "time zone", () -> TimeZone.getTimeZone("America/New_York").getRawOffset() == -18_000_000);
    works.put(
        "zone name",
        () ->
            DateTimeFormatter.ofPattern("zzzz").format(ZonedDateTime.now(ZoneId.systemDefault())));
    works.put("date", () -> String.format(Locale.ROOT, "%tc", 0L));
    works.put(
        "localized date",
        () -> DateTimeFormatter.ofLocalizedDate(FormatStyle.FULL)
            .withLocale(Locale.GERMANY)
            .format(LocalDate.EPOCH)
            .equals("Donnerstag, 1. Januar 1970"));
    works.put("number", () -> String.format(Locale.GERMANY, "%,.2f", 12345.6).equals("12.345,60"));
    works.put(
        "currency", () -> NumberFormat.getCurrencyInstance(Locale.US).format(1).equals("$1.00"));
    works.put("charset", () -> Charset.forName("windows-1252"));
    works.put("digest", () -> MessageDigest.getInstance("SHA-256").digest());
    works.put("mac", () -> Mac.getInstance("HmacSHA256"));
    works.put("cipher", () -> Cipher.getInstance("AES/GCM/NoPadding"));
    works.put("random", SecureRandom::getInstanceStrong);
    works.put("uuid", UUID::randomUUID);
    works.put("tls", () -> SSLContext.getDefault().createSSLEngine().getSupportedProtocols());
    works.put("socket", () -> {
      try (ServerSocketChannel channel = ServerSocketChannel.open();
          Selector selector = Selector.open()) {
        return channel.isOpen() && selector.isOpen();
      }
    });
    works.put("logging", () -> {
      Logger.getLogger("ordinary").info("work");
      System.getLogger("ordinary").log(System.Logger.Level.INFO, "work");
      return true;
    });
    works.put("management", () -> ManagementFactory.getRuntimeMXBean().getUptime());
    works.put("streams", () -> IntStream.range(0, 1000).parallel().sum() == 499_500);
    works.put("future", () -> CompletableFuture.supplyAsync(() -> 1).get());
    works.put(
        "proxy",
        () -> Proxy.newProxyInstance(
                OrdinaryWork.class.getClassLoader(),
                new Class<?>[] {Runnable.class},
                (proxy, method, values) -> null)
            instanceof Runnable);
    works.put("archive", () -> Class.forName("org.junit.platform.commons.util.StringUtils"));
    return works;
  }
}
