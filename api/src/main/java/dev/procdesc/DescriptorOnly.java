package dev.procdesc;

/**
 * What else than processes is to be reached through descriptors alone, in
 * {@link Platform#enterDescriptorOnlyMode(DescriptorOnly...)}.
 *
 * <p>FreeBSD's capability mode always includes both, and more: every name that all processes share
 * is refused there.
 *
 * @see <a href="https://man.freebsd.org/cgi/man.cgi?query=capsicum&amp;sektion=4">capsicum(4)</a>
 */
public enum DescriptorOnly {
  /**
   * Programs: only those that are open already are executed, {@link Spawner#ofDescriptor}. Whoever
   * executes a program by its name is refused, in this JVM and in all its descendants; so a shell
   * has its built-in commands left.
   *
   * <p>Linux: {@code execve} is refused with EPERM, and {@code execveat} is too unless it has
   * {@code AT_EMPTY_PATH}. A program that needs a run-time linker works: the kernel opens that by
   * itself. <i>Not guaranteed</i>: that flag allows an empty path and does not demand one, and a
   * filter does not see the path. So native code that is out to do it, here or in a descendant,
   * executes what it likes; what is shut out is all code that executes in the usual ways.
   *
   * <p>FreeBSD: the kernel's guarantee. The kernel does not find a program's run-time linker there;
   * the library executes the one that it has opened before, and gives it the directories of
   * libraries: see {@link Spawner#ofDescriptor} for what that means. Descendants that execute a
   * dynamic program themselves must do the same.
   */
  PROGRAMS,

  /**
   * Files: none are opened, created, renamed, removed or changed by their names, in this JVM and in
   * all its descendants. Those that are open stay so; others can be received.
   *
   * <p>Linux: every system call that does that is refused with EPERM, whatever the file, directory
   * or device. Names can still be looked at ({@code stat}, {@code access}, {@code readlink}), and
   * two names are followed for other ends: by {@code execve}, see {@link #PROGRAMS}, and by
   * {@code connect} and {@code bind} of a UNIX socket.
   *
   * <p>What the caller should know:
   *
   * <ul>
   *   <li>A child's program must be static: a run-time linker finds no library to load.
   *       {@link Stdio#toFile} and its kin, {@link Spawner#cgroup} and what looks up names of users
   *       fail. {@link Stdio#nullDevice()} works, because {@code /dev/null} is opened before.
   *   <li>The JVM goes on with what it has open: the JDK's own classes, and the JAR files that it
   *       has loaded a class from. Load everything else before, native libraries too.
   *   <li>What a JVM removes when it exits stays, such as its file in {@code /tmp/hsperfdata_USER}
   *       unless it runs with {@code -XX:-UsePerfData}.
   * </ul>
   */
  FILES
}
