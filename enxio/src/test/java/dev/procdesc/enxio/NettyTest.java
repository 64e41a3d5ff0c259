package dev.procdesc.enxio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.IoMode;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.testing.Await;
import dev.procdesc.testing.Timeouts;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Tests a child that a channel of Netty drives, and its end in Netty's event loop. */
final class NettyTest {
  @BeforeAll
  static void available() {
    assumeTrue(Epoll.isAvailable(), "Netty's epoll transport, which is for Linux on x86-64 here");
  }

  /** Collects what a channel receives, until the end of the input. */
  private static final class Collector extends ChannelInboundHandlerAdapter {
    private final ByteBuf received = Unpooled.buffer();
    private final CompletableFuture<String> all = new CompletableFuture<>();

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      ByteBuf bytes = (ByteBuf) message;
      received.writeBytes(bytes);
      bytes.release();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
      if (event instanceof ChannelInputShutdownEvent) {
        end();
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      end();
    }

    private void end() {
      all.complete(received.toString(StandardCharsets.UTF_8));
    }
  }

  private static void end(EventLoopGroup group) throws InterruptedException {
    var unused = group.shutdownGracefully(0, 0, TimeUnit.SECONDS);
    assertTrue(group.awaitTermination(Timeouts.CEILING.toMillis(), TimeUnit.MILLISECONDS));
  }

  @Test
  void aChannelDrivesAChildWithHalfClose() throws Exception {
    EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    Spawner sort = Spawner.of("sort", "-n").stdin(Stdio.socketPair()).stdout(Stdio.socketPair());
    try (ChildProcess child = sort.spawn()) {
      EpollDomainSocketChannel channel =
          new EpollDomainSocketChannel(child.socket().detach(IoMode.NON_BLOCKING));
      channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
      Collector collector = new Collector();
      channel.pipeline().addLast(collector);
      group.register(channel).sync();
      channel
          .writeAndFlush(Unpooled.copiedBuffer("3\n1\n2\n", StandardCharsets.UTF_8))
          .sync();
      channel.shutdownOutput().sync(); // sort writes once its input has ended.
      assertEquals("1\n2\n3\n", Await.get(collector.all));
      assertEquals(new Exited(0), child.waitFor(Timeouts.CEILING).orElseThrow());
      channel.close().sync();
    } finally {
      end(group);
    }
  }

  @Test
  void theEndOfAChildIsTheEndOfAChannel() throws Exception {
    EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    Spawner spawner = Spawner.of("/bin/sh", "-c", "read -r line; exit 3").stdin(Stdio.pipe());
    try (ChildProcess child = spawner.spawn()) {
      Channel exit = new EpollDomainSocketChannel(child.exitDescriptor().detach());
      Collector collector = new Collector();
      exit.pipeline().addLast(collector);
      group.register(exit).sync();
      assertTrue(exit.isActive());
      child.stdin().close();
      assertEquals("", Await.get(collector.all));
      assertEquals(new Exited(3), child.poll().orElseThrow());
      exit.close().sync();
    } finally {
      end(group);
    }
  }
}
