/**
 * Contains the code that the backends for Linux and FreeBSD share; it is exported to them only.
 *
 * <p>Code belongs here if both kernels behave in the same way: reference-counted descriptors,
 * pipes, the life cycle of a process object. A system call that one of the kernels lacks belongs in
 * the backend, and so does every number or layout that differs between them: these are in each
 * backend's {@code Numbers}.
 */
// The JNR artifacts are automatic modules, and the FreeBSD backend may be absent from the path.
@SuppressWarnings({"requires-automatic", "module"})
module dev.procdesc.posix {
  requires dev.procdesc;
  requires static jdk.jfr;
  requires static org.jspecify;
  requires org.jnrproject.constants;
  requires org.jnrproject.jffi;

  exports dev.procdesc.posix.backend to
      dev.procdesc.linux,
      dev.procdesc.freebsd;
  exports dev.procdesc.posix.channel to
      dev.procdesc.linux,
      dev.procdesc.freebsd;
  exports dev.procdesc.posix.ffi to
      dev.procdesc.linux,
      dev.procdesc.freebsd;
  exports dev.procdesc.posix.io to
      dev.procdesc.linux,
      dev.procdesc.freebsd;
  exports dev.procdesc.posix.probe to
      dev.procdesc.linux,
      dev.procdesc.freebsd;
  exports dev.procdesc.posix.process to
      dev.procdesc.linux,
      dev.procdesc.freebsd;
  exports dev.procdesc.posix.recording to
      dev.procdesc.linux,
      dev.procdesc.freebsd;
  exports dev.procdesc.posix.spawn to
      dev.procdesc.linux,
      dev.procdesc.freebsd;
}
