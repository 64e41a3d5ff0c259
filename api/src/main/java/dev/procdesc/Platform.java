package dev.procdesc;

import dev.procdesc.spi.Backend;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.Set;

/**
 * The running system: the backend that serves it, and its features.
 *
 * <p>The backend is found by {@link ServiceLoader}; the system property
 * {@code dev.procdesc.backend} selects one if there are several. Features are probed by calling the
 * system, at their first use, once for each JVM. On Linux, probing
 * {@link Feature#KILL_ON_JVM_DEATH} starts the {@link #guardian()} where the kernel does not do its
 * work. A method that names no system does the same on Linux and FreeBSD.
 */
public final class Platform {
  private final Backend backend;

  Platform(Backend backend) {
    this.backend = backend;
  }

  /**
   * Returns the running system.
   *
   * @return always the same object
   * @throws UnsupportedFeatureException of {@link Feature#PROCESS_DESCRIPTORS}, if no backend works
   *     on this system, or if the class path, the module path or the run-time image has none, or
   *     one of another version; the message has the cause and the remedy
   */
  public static Platform current() {
    Object found = BackendSearch.FOUND;
    if (found instanceof Platform platform) {
      return platform;
    }
    BackendSearch.Failure failure = (BackendSearch.Failure) found;
    throw failure.ofSystem()
        ? new UnsupportedFeatureException(
            Feature.PROCESS_DESCRIPTORS, javaSystem(), failure.message())
        : new UnsupportedFeatureException(Feature.PROCESS_DESCRIPTORS, failure.message());
  }

  private static String javaSystem() {
    return System.getProperty("os.name")
        + " "
        + System.getProperty("os.version")
        + " "
        + System.getProperty("os.arch");
  }

  /**
   * Returns the name of the backend.
   *
   * @return {@code linux} or {@code freebsd}
   */
  public String name() {
    return backend.name();
  }

  /**
   * Returns the system, the version of its kernel and the machine.
   *
   * @return one line, such as {@code Linux 6.12.41 x86_64}
   */
  public String system() {
    return backend.system();
  }

  /**
   * Returns the features that are present.
   *
   * @return an unmodifiable set
   */
  public Set<Feature> features() {
    Set<Feature> present = EnumSet.noneOf(Feature.class);
    for (Feature feature : Feature.values()) {
      if (has(feature)) {
        present.add(feature);
      }
    }
    return Collections.unmodifiableSet(present);
  }

  /**
   * Returns whether a feature is present.
   *
   * @param feature the feature
   * @return true if calls that need it work
   */
  public boolean has(Feature feature) {
    return report(feature).present();
  }

  /**
   * Returns whether a feature is present, and the call that determined it.
   *
   * @param feature the feature
   * @return the result of the probe
   */
  public ProbeResult report(Feature feature) {
    Objects.requireNonNull(feature, "feature");
    try {
      return backend.report(feature);
    } catch (RuntimeException | LinkageError e) {
      // A report must not fail: a feature whose probe fails is absent, with the cause.
      return new ProbeResult(
          feature.name(), false, "asking failed: " + e, "an answer of the system");
    }
  }

  /**
   * Returns the results of the probes for all features, present or absent.
   *
   * @return an unmodifiable list in the order of {@link Feature}
   */
  public List<ProbeResult> reports() {
    List<ProbeResult> reports = new ArrayList<>();
    for (Feature feature : Feature.values()) {
      reports.add(report(feature));
    }
    return Collections.unmodifiableList(reports);
  }

  /**
   * Returns the mechanisms of the backend, the preferred ones first.
   *
   * @return an unmodifiable list
   */
  public List<ProbeResult> mechanisms() {
    return backend.mechanisms();
  }

  /**
   * Returns the mechanism by which {@link OnClose#KILL} holds when this JVM dies.
   *
   * <p>FreeBSD: always the kernel. Linux: the kernel if it has {@code CLONE_PIDFD_AUTOKILL} (Linux
   * 7.1) and this JVM has CAP_SYS_ADMIN; else this method starts the guardian, to find out whether
   * it can. Where the kernel has that flag, it also kills the children with
   * {@link Spawner#noNewPrivileges} of a JVM without that privilege.
   *
   * @return the mechanism; {@link DeathGuard#NONE} where {@link Feature#KILL_ON_JVM_DEATH} is
   *     absent
   */
  public DeathGuard deathGuard() {
    return backend.deathGuard();
  }

  /**
   * Returns the guardian, the process that kills the children of this JVM when the JVM dies, where
   * {@link #deathGuard()} is {@link DeathGuard#GUARDIAN}.
   *
   * <p>The guardian is a child of this JVM. A program that counts, waits for or kills all children
   * of its own process, as listed by {@link ProcessHandle#children()}, may want to leave it out:
   *
   * <pre>{@code
   * Optional<ProcessHandle> guardian = Platform.current().guardian();
   * ProcessHandle.current().children().filter(child -> !guardian.equals(Optional.of(child)))
   * }</pre>
   *
   * <p>A guardian that is killed is replaced as long as there are children to guard. On FreeBSD the
   * kernel kills, and there is no guardian; but {@link OnClose#KILL_GROUP} needs one helper process
   * for each group there, which is a child of this JVM as well.
   *
   * @return the process; empty if none is running, such as before the first child that needs it
   */
  public Optional<ProcessHandle> guardian() {
    return backend.guardian();
  }

  /**
   * Returns the size of a terminal of this JVM. A program that passes the bytes of its terminal on
   * to a child with {@link Spawner#terminalLike} also passes the size on, when it gets
   * {@code SIGWINCH}, by {@link Terminal#resize}.
   *
   * @param fd a descriptor of this JVM, such as 0 for its standard input
   * @return the size; empty if the descriptor is no terminal
   */
  public Optional<TerminalSize> terminalSize(int fd) {
    return backend.terminalSize(fd);
  }

  /**
   * Gives up, for all threads of this JVM and permanently, every way to act on other processes
   * except through descriptors that it holds. Spawning, waiting, signalling, and sending and
   * receiving descriptors continue to work, and so does the JVM. <b>This cannot be undone.</b>
   *
   * <p>Linux: no-new-privileges and a seccomp filter over all threads. The filter refuses with
   * EPERM every system call that names another process by PID or reaches into one: {@code kill},
   * {@code tkill}, {@code tgkill}, {@code rt_sigqueueinfo}, {@code wait4} and {@code waitid} by
   * PID, {@code pidfd_open}, {@code open_by_handle_at}, because a file handle can name a process
   * since Linux 6.14, {@code ptrace}, {@code process_vm_readv} and similar calls, {@code kcmp},
   * {@code pidfd_getfd}, {@code setpriority}, {@code sched_set*}, {@code prlimit}, {@code setpgid},
   * {@code io_uring_setup} and some more, unless they name this JVM itself. Consequences for the
   * caller:
   *
   * <ul>
   *   <li>{@link ProcessBuilder} and {@link ProcessHandle} name processes by PID and stop working.
   *       {@link ProcessDescriptor#open(long)} is refused, {@link ProcessDescriptor#self()} is not.
   *   <li>Children inherit the mode: {@code kill} and {@code wait} of a shell fail in them, and
   *       set-user-ID programs gain no privileges any more.
   *   <li>Files still give access to processes: {@code /proc/PID/mem}, {@code cgroup.procs}. Only
   *       {@link DescriptorOnly#FILES} closes that way.
   *   <li>Native code of a JVM with CAP_SYS_ADMIN can still obtain a descriptor by a PID (Linux
   *       6.5), because one of the ways takes the PID from memory, which no filter reads.
   *   <li>Before Linux 6.5 a spawn with {@link OnClose#KILL} needs {@code unshare}, which some
   *       containers refuse; the spawn fails then.
   * </ul>
   *
   * <p>FreeBSD: {@code cap_enter}, which treats every global name as the Linux filter treats PIDs:
   * programs and files too, whether or not they were requested.
   *
   * <p>Where files are refused, this method first loads the parts of the JDK that open files at
   * their first use: time zones, cryptography, TLS, sockets, logging, management, and the archives
   * of the class path. It cannot load the application's own files: classes in directories, native
   * libraries, configuration, host names. {@code docs/SANDBOX.md} explains how to prepare an
   * application, and {@code pd sandbox-check} how far it is prepared. Where the system property
   * {@code dev.procdesc.sandbox.trial} is {@code true}, this method does everything but restrict
   * the process.
   *
   * <p>The mode holds for all threads when this method returns. The method may be called again, to
   * give up more, and several threads may call it concurrently.
   *
   * @param also the kinds of objects, besides processes, that become accessible through descriptors
   *     only; none by default
   * @throws ProcessDescriptorException if the system refuses; EINVAL if a thread of this JVM has
   *     its own seccomp filter. The calling thread may have no-new-privileges set then
   * @throws UnsupportedFeatureException without {@link Feature#DESCRIPTOR_ONLY_MODE}; also for
   *     {@link DescriptorOnly#PROGRAMS} on Linux where the C library creates the children
   * @see <a href="https://man7.org/linux/man-pages/man2/seccomp.2.html">seccomp(2), Linux</a>
   * @see <a href="https://man.freebsd.org/cgi/man.cgi?query=cap_enter&amp;sektion=2">cap_enter(2),
   *     FreeBSD</a>
   */
  public void enterDescriptorOnlyMode(DescriptorOnly... also) throws ProcessDescriptorException {
    Set<DescriptorOnly> wanted = EnumSet.noneOf(DescriptorOnly.class);
    Collections.addAll(wanted, also);
    backend.enterDescriptorOnlyMode(Collections.unmodifiableSet(wanted));
  }

  /**
   * Returns whether this JVM has entered the descriptor-only mode.
   *
   * @return true from then on; false if only a parent of this JVM has entered it
   */
  public boolean inDescriptorOnlyMode() {
    return backend.descriptorOnlyMode().isPresent();
  }

  /**
   * Returns whether this JVM has entered the descriptor-only mode with a given kind of objects.
   *
   * @param also the kind of objects
   * @return true from then on, on FreeBSD whether or not it was requested; false if only a parent
   *     of this JVM has entered the mode
   */
  public boolean inDescriptorOnlyMode(DescriptorOnly also) {
    Objects.requireNonNull(also, "also");
    return backend.descriptorOnlyMode().filter(given -> given.contains(also)).isPresent();
  }

  Backend backend() {
    return backend;
  }

  @Override
  public String toString() {
    return backend.system() + ", backend " + backend.name();
  }
}
