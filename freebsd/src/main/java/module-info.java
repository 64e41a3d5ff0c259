/** Provides the backend for FreeBSD, based on pdfork, pdkill, pdgetpid and kqueue. */
module dev.procdesc.freebsd {
  requires dev.procdesc;
  requires dev.procdesc.posix;
  requires static org.jspecify;

  provides dev.procdesc.spi.Backend with
      dev.procdesc.freebsd.FreeBsdBackend;
}
