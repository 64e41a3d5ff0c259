/**
 * What the backends for Linux and FreeBSD share; exported to them alone. What belongs here:
 * whatever both kernels do in the same way, such as refcounted descriptors, pipes, the life of a
 * process object. What does not: a system call that one of them lacks, and every number or layout,
 * which differ and stand in each backend's {@code Numbers}.
 */
// The JNR artifacts are automatic modules, and the FreeBSD backend is not always on the path.
@SuppressWarnings({"requires-automatic", "module"})
module dev.procdesc.posix {
  requires dev.procdesc;
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
  exports dev.procdesc.posix.spawn to
      dev.procdesc.linux,
      dev.procdesc.freebsd;
}
