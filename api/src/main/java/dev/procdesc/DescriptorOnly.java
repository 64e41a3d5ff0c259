package dev.procdesc;

/**
 * A kind of object, besides processes, that
 * {@link Platform#enterDescriptorOnlyMode(DescriptorOnly...)} restricts to access through
 * descriptors.
 *
 * <p>FreeBSD's capability mode always includes both, and more: it refuses every name in a global
 * name space.
 *
 * @see <a href="https://man.freebsd.org/cgi/man.cgi?query=capsicum&amp;sektion=4">capsicum(4)</a>
 */
public enum DescriptorOnly {
  /**
   * Programs: only those that are already open can be executed ({@link Spawner#ofDescriptor}).
   * Executing a program by its name is refused, in this JVM and in all its descendants; a shell
   * therefore retains only its built-in commands.
   *
   * <p>Linux: {@code execve} is refused with EPERM, and so is {@code execveat} without
   * {@code AT_EMPTY_PATH}. A program that needs a run-time linker works, because the kernel itself
   * opens the linker. <i>Not guaranteed</i>: that flag permits an empty path and does not require
   * one, and a seccomp filter cannot read the path. Native code, here or in a descendant, that
   * deliberately circumvents the filter can execute any program; the filter stops all code that
   * executes programs in the usual ways.
   *
   * <p>FreeBSD: guaranteed by the kernel. In capability mode the kernel does not find a program's
   * run-time linker. The library executes the linker that it opened beforehand and passes it the
   * directories of libraries; see {@link Spawner#ofDescriptor} for the consequences. Descendants
   * that execute a dynamic program themselves must do the same.
   */
  PROGRAMS,

  /**
   * Files: no file can be opened, created, renamed, removed or changed by its name, in this JVM and
   * in all its descendants. Files that are open remain open, and open files can be received.
   *
   * <p>Linux: every such system call is refused with EPERM, for every file, directory and device.
   * Names can still be examined ({@code stat}, {@code access}, {@code readlink}), and two kinds of
   * call still follow names: {@code execve}, see {@link #PROGRAMS}, and {@code connect} and
   * {@code bind} of a UNIX socket.
   *
   * <p>Consequences for the caller:
   *
   * <ul>
   *   <li>The program of a child must be static: a run-time linker finds no library to load.
   *       {@link Stdio#toFile} and the other files, {@link Spawner#cgroup} and options that look up
   *       names of users fail. {@link Stdio#nullDevice()} works, because {@code /dev/null} is
   *       opened beforehand.
   *   <li>The JVM continues with what it has open: the JDK's own classes, and the JAR files from
   *       which it has loaded a class. Load everything else beforehand, including native libraries.
   *   <li>Files that a JVM removes at exit remain, such as its file in {@code /tmp/hsperfdata_USER}
   *       unless it runs with {@code -XX:-UsePerfData}.
   * </ul>
   */
  FILES
}
