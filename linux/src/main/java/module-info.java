/** The backend for Linux: clone3, pidfd, epoll. */
module dev.procdesc.linux {
  requires dev.procdesc;
  requires dev.procdesc.posix;
  requires static org.jspecify;

  provides dev.procdesc.spi.Backend with
      dev.procdesc.linux.LinuxBackend;
}
