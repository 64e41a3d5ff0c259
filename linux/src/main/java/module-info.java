/** Provides the backend for Linux, based on clone3, pidfd and epoll. */
module dev.procdesc.linux {
  requires dev.procdesc;
  requires dev.procdesc.posix;
  requires static org.jspecify;

  provides dev.procdesc.spi.Backend with
      dev.procdesc.linux.LinuxBackend;
}
