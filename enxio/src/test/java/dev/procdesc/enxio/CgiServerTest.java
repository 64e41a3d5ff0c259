package dev.procdesc.enxio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.procdesc.Spawner;
import dev.procdesc.testing.Await;
import dev.procdesc.testing.Timeouts;
import io.netty.channel.Channel;
import io.netty.channel.epoll.Epoll;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests the server whose programs wait for their clients and die with them. */
final class CgiServerTest {
  /** More than the kernel and the server buffer together. */
  private static final int MUCH = 40_000_000;

  /**
   * The mark above which the server stops to read, and a few buffers that it reads nevertheless: a
   * read that Netty has begun or scheduled is not cancelled.
   */
  private static final int BOUND = 64 * 1024 + 8 * 64 * 1024;

  @BeforeAll
  static void available() {
    assumeTrue(Epoll.isAvailable(), "Netty's epoll transport, which is for Linux on x86-64 here");
  }

  private static Spawner program(String target) {
    String script = switch (target) {
      case "/hello" -> "printf 'HTTP/1.0 200 OK\\r\\n\\r\\nhello, '; cat; echo world";
      case "/much" -> "head -c " + MUCH + " /dev/zero";
      case "/endless" -> "echo $$; exec cat /dev/zero";
      case "/idle" -> "echo $$; exec sleep 1000";
      default -> "exit 1";
    };
    return Spawner.of("/bin/sh", "-c", script);
  }

  /** Connects with a small buffer, which the kernel does not enlarge, and sends a request. */
  private static Socket request(CgiServer server, String target) throws IOException {
    Socket socket = new Socket();
    socket.setReceiveBufferSize(16 * 1024);
    socket.setSoTimeout((int) Timeouts.CEILING.toMillis());
    socket.connect(server.address());
    socket
        .getOutputStream()
        .write(("GET " + target + " HTTP/1.0\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
    return socket;
  }

  private static String get(CgiServer server, String target) throws IOException {
    try (Socket socket = request(server, target)) {
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
    }
  }

  private static Channel onlyClient(CgiServer server) {
    Await.until("there is one client", () -> server.clients().size() == 1);
    return server.clients().iterator().next();
  }

  /** Returns the number of bytes that the server holds for a client. */
  private static long buffered(Channel client) {
    var buffer = client.unsafe().outboundBuffer();
    return buffer == null ? 0 : buffer.totalPendingWriteBytes();
  }

  @Test
  void theOutputIsTheResponse() throws Exception {
    try (CgiServer server = new CgiServer(CgiServerTest::program)) {
      assertEquals("HTTP/1.0 200 OK\r\n\r\nhello, world\n", get(server, "/hello"));
      assertEquals("", get(server, "/none"));
      Await.until("the connections are closed", () -> server.clients().isEmpty());
    }
  }

  @Test
  void aSlowClientSlowsItsProgramOnly() throws Exception {
    try (CgiServer server = new CgiServer(CgiServerTest::program);
        Socket slow = request(server, "/much")) {
      Channel client = onlyClient(server);
      Await.until("the server waits for the client", () -> !client.isWritable());
      for (int i = 0; i < 20; i++) { // In the same event loop.
        assertEquals("HTTP/1.0 200 OK\r\n\r\nhello, world\n", get(server, "/hello"));
        assertTrue(buffered(client) <= BOUND, "buffered: " + buffered(client));
      }
      InputStream response = slow.getInputStream();
      byte[] part = new byte[10_000];
      long total = 0;
      for (int count = response.read(part); count > 0; count = response.read(part)) {
        total += count;
        assertTrue(buffered(client) <= BOUND, "buffered: " + buffered(client));
      }
      assertEquals(MUCH, total);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"/endless", "/idle"})
  void aProgramDiesWithItsClient(String target) throws Exception {
    try (CgiServer server = new CgiServer(CgiServerTest::program)) {
      ProcessHandle program;
      try (Socket socket = request(server, target)) {
        program = processOf(socket);
        assertTrue(program.isAlive());
      }
      Await.until("the program is dead", () -> !program.isAlive());
      Await.until("the connection is closed", () -> server.clients().isEmpty());
    }
  }

  @Test
  void aProgramDiesWithItsServer() throws Exception {
    CgiServer server = new CgiServer(CgiServerTest::program);
    try (Socket socket = request(server, "/idle")) {
      ProcessHandle program = processOf(socket);
      server.close();
      assertTrue(!program.isAlive());
      assertEquals(-1, socket.getInputStream().read());
    }
  }

  @Test
  void thePageShowsTheServer() throws Exception {
    String page = Files.readString(Path.of("..", "docs", "EVENT-LOOPS.md"));
    Path source = Path.of("src", "test", "java", "dev", "procdesc", "enxio", "CgiServer.java");
    List<String> server = Files.readAllLines(source).stream().map(String::strip).toList();
    Matcher block = Pattern.compile("(?s)```java\n(private void answer.*?)```").matcher(page);
    assertTrue(block.find());
    for (String line : block.group(1).lines().map(String::strip).toList()) {
      assertTrue(line.startsWith("// In ") || server.contains(line), line);
    }
  }

  /** Reads the ID of the program from its output. */
  private static ProcessHandle processOf(Socket socket) throws IOException {
    BufferedReader output = new BufferedReader(
        new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII), 1);
    return ProcessHandle.of(Long.parseLong(output.readLine())).orElseThrow();
  }
}
