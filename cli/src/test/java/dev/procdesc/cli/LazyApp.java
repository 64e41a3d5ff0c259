package dev.procdesc.cli;

import dev.procdesc.DescriptorOnly;
import dev.procdesc.Platform;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneId;
import java.util.Objects;
import java.util.concurrent.Callable;

/**
 * An application that loads what it needs at its first use, in the descriptor-only mode; with the
 * argument {@code prepared} it is prepared as the checklist demands, and with {@code outside} it
 * never enters the mode.
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
      default -> {}
    }
    app.work();
  }

  private static void enter() throws IOException {
    Platform.current().enterDescriptorOnlyMode(DescriptorOnly.FILES);
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
