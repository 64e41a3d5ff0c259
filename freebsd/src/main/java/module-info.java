/** The backend for FreeBSD: pdfork, pdkill, pdgetpid, kqueue. */
module dev.procdesc.freebsd {
  requires dev.procdesc;
  requires dev.procdesc.posix;
  requires static org.jspecify;

  provides dev.procdesc.spi.Backend with
      dev.procdesc.freebsd.FreeBsdBackend;
}
