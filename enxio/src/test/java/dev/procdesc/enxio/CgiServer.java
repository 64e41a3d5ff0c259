package dev.procdesc.enxio;

import dev.procdesc.ChildProcess;
import dev.procdesc.IoMode;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * A server that runs a program for each request and passes its output to the client, at the pace of
 * the client. The program writes the whole response, as one with non-parsed headers (RFC 3875, 5).
 */
@SuppressWarnings("FutureReturnValueIgnored") // What fails closes its channel, which is handled.
final class CgiServer implements AutoCloseable {
  private static final int MAX_HEAD = 8192;
  private static final WriteBufferWaterMark BUFFERED =
      new WriteBufferWaterMark(32 * 1024, 64 * 1024);

  private final EventLoopGroup group =
      new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
  private final ChannelGroup clients = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE, true);
  private final Function<String, Spawner> programs;
  private final Channel listener;

  /**
   * Starts a server at a free port of the loopback address.
   *
   * @param programs the program for a target, the second word of a request
   */
  CgiServer(Function<String, Spawner> programs) throws InterruptedException {
    this.programs = programs;
    this.listener = new ServerBootstrap()
        .group(group)
        .channel(EpollServerSocketChannel.class)
        .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, BUFFERED)
        .childHandler(new ChannelInitializer<Channel>() {
          @Override
          protected void initChannel(Channel client) {
            clients.add(client);
            client.pipeline().addLast(new Request());
          }
        })
        .bind(InetAddress.getLoopbackAddress(), 0)
        .sync()
        .channel();
  }

  InetSocketAddress address() {
    return (InetSocketAddress) listener.localAddress();
  }

  /** Returns the open connections. */
  ChannelGroup clients() {
    return clients;
  }

  /** Reads the head of a request and starts the program, which lives as long as the connection. */
  private final class Request extends ChannelInboundHandlerAdapter {
    private final StringBuilder head = new StringBuilder();
    private Optional<ChildProcess> child = Optional.empty(); // Keeps it reachable, too.
    private Optional<Channel> output = Optional.empty();

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) throws IOException {
      ByteBuf bytes = (ByteBuf) message;
      try {
        if (child.isPresent()) {
          return; // It has got its request.
        }
        head.append(bytes.toString(StandardCharsets.US_ASCII));
      } finally {
        bytes.release();
      }
      if (head.indexOf("\r\n\r\n") >= 0) {
        answer(context.channel(), head.toString().split(" ", 3)[1]);
      } else if (head.length() > MAX_HEAD) {
        context.close();
      }
    }

    /** Starts the program. That takes a millisecond, in which other clients of this loop wait. */
    private void answer(Channel client, String target) throws IOException {
      Spawner program = programs.apply(target);
      ChildProcess started =
          program.stdin(Stdio.socketPair()).stdout(Stdio.socketPair()).spawn();
      child = Optional.of(started);
      EpollDomainSocketChannel socket =
          new EpollDomainSocketChannel(started.socket().detach(IoMode.NON_BLOCKING));
      socket.pipeline().addLast(new Output(client));
      output = Optional.of(socket);
      client.eventLoop().register(socket); // The same loop, so that the handlers need no locks.
      socket.shutdownOutput(); // There is no input.
    }

    /** Stops reading from the program while the client has too much to receive. */
    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
      output.ifPresent(socket -> socket.config().setAutoRead(context.channel().isWritable()));
    }

    /** Kills the program if it still runs: the response has ended, or the client has left. */
    @Override
    public void channelInactive(ChannelHandlerContext context) {
      output.ifPresent(Channel::close);
      child.ifPresent(ChildProcess::close);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      context.close();
    }
  }

  /** Passes the output of a program to a client. */
  private static final class Output extends ChannelInboundHandlerAdapter {
    private final Channel client;

    Output(Channel client) {
      this.client = client;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      client.write(message);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
      client.flush();
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      client.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      context.close();
    }
  }

  @Override
  public void close() {
    listener.close().syncUninterruptibly();
    clients.close().syncUninterruptibly();
    group.shutdownGracefully(0, 0, TimeUnit.SECONDS).syncUninterruptibly();
  }
}
