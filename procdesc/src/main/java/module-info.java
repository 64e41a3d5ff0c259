/**
 * Brings the API and the backends for Linux and FreeBSD. It contains no code.
 *
 * <p>An application may require this module instead of {@code dev.procdesc}. A run-time image that
 * jlink makes of the application then contains the backends, which it otherwise contains with the
 * option {@code --bind-services} only.
 */
module dev.procdesc.all {
  requires transitive dev.procdesc;
  requires dev.procdesc.freebsd;
  requires dev.procdesc.linux;
}
