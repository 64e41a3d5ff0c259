package dev.procdesc.cli;

import com.sun.management.HotSpotDiagnosticMXBean;
import com.sun.management.OperatingSystemMXBean;
import dev.procdesc.DescriptorOnly;
import dev.procdesc.Platform;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneId;
import java.util.Objects;
import java.util.concurrent.Callable;

/**
 * An application that loads what it needs at its first use, in the descriptor-only mode; with the
 * argument {@code prepared} it is prepared as the checklist demands, and with {@code outside} it
 * never enters the mode. With {@code queries} it queries its process in the mode, with
 * {@code queriesWithFiles} in the mode that permits files, and with {@code unobservable} it lacks a
 * property that the observer reads.
 */
final class LazyApp {
  private final Callable<Runnable> part;
  private final Callable<byte[]> resource;
  private final Callable<InputStream> file;
  private final Callable<InetAddress> host;

  private LazyApp(
      Callable<Runnable> part,
      Callable<byte[]> resource,
      Callable<InputStream> file,
      Callable<InetAddress> host) {
    this.part = part;
    this.resource = resource;
    this.file = file;
    this.host = host;
  }

  /**
   * Runs the application.
   *
   * @param arguments a file, and how the application runs
   */
  public static void main(String[] arguments) throws Exception {
    LazyApp app = new LazyApp(
        LazyApp::part,
        () -> resource("part.txt"),
        () -> new FileInputStream(arguments[0]),
        () -> InetAddress.getByName("localhost"));
    switch (arguments[1]) {
      case "prepared" -> {
        app = app.prepared();
        enter();
      }
      case "lazy" -> enter();
      case "queries" -> {
        enter();
        query(arguments[0]);
        return;
      }
      case "queriesWithFiles" -> {
        Platform.current().enterDescriptorOnlyMode();
        query(arguments[0]);
        return;
      }
      case "unobservable" -> {
        Platform platform = Platform.current();
        System.clearProperty("java.home");
        platform.enterDescriptorOnlyMode();
        return;
      }
      default -> {}
    }
    app.work();
  }

  private static void enter() throws IOException {
    Platform.current().enterDescriptorOnlyMode(DescriptorOnly.FILES);
  }

  /** Queries this process, for which native code opens files. */
  private static void query(String file) throws Exception {
    ProcessHandle.current().info();
    ProcessHandle.of(ProcessHandle.current().pid());
    Files.probeContentType(Path.of("file.html"));
    ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class)
        .getCommittedVirtualMemorySize();
    try {
      ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class).dumpHeap(file, true);
    } catch (IllegalArgumentException | IOException e) {
      // The file exists, and has another suffix.
      return;
    }
  }

  private LazyApp prepared() throws Exception {
    Runnable openPart = part.call();
    byte[] bytes = resource.call();
    InputStream openFile = file.call();
    InetAddress address = host.call();
    return new LazyApp(() -> openPart, () -> bytes, () -> openFile, () -> address);
  }

  private void work() throws Exception {
    System.out.println(ZoneId.of("Asia/Tokyo").getRules().getOffset(Instant.EPOCH));
    System.out.println(new String(new byte[] {(byte) 0xC1}, Charset.forName("IBM037")));
    try (Socket socket = new Socket()) {
      System.out.println(socket.isBound());
    }
    System.out.print(new String(resource("own.txt"), StandardCharsets.UTF_8));
    part.call().run();
    System.out.print(new String(resource.call(), StandardCharsets.UTF_8));
    try (InputStream in = file.call()) {
      System.out.print(new String(in.readAllBytes(), StandardCharsets.UTF_8));
    }
    System.out.println(host.call().isLoopbackAddress());
  }

  private static Runnable part() throws ReflectiveOperationException {
    return Class.forName("dev.procdesc.cli.LazyPart")
        .asSubclass(Runnable.class)
        .getDeclaredConstructor()
        .newInstance();
  }

  private static byte[] resource(String name) throws IOException {
    try (InputStream in = LazyApp.class.getClassLoader().getResourceAsStream(name)) {
      return Objects.requireNonNull(in, name).readAllBytes();
    }
  }
}
