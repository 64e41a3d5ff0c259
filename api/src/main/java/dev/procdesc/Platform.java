package dev.procdesc;

import dev.procdesc.spi.Backend;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.ServiceLoader;
import java.util.Set;

/**
 * The running system, as the library sees it: which backend serves it, and what it can do.
 *
 * <p>The backend is found by {@link ServiceLoader}; the system property
 * {@code dev.procdesc.backend} names one where there are several. Features are probed by calling,
 * when first asked for, once for each JVM.
 */
public final class Platform {
  private final Backend backend;

  private Platform(Backend backend) {
    this.backend = backend;
  }

  /**
   * The running system.
   *
   * @return always the same object
   * @throws UnsupportedFeatureException of {@link Feature#PROCESS_DESCRIPTORS}, if no backend works
   *     here; the message says why and what to do
   */
  public static Platform current() {
    Object found = Holder.FOUND;
    if (found instanceof Platform platform) {
      return platform;
    }
    throw new UnsupportedFeatureException(
        Feature.PROCESS_DESCRIPTORS, javaSystem(), String.valueOf(found));
  }

  /** Finds the backend once; a failure is kept as the text that explains it. */
  private static final class Holder {
    static final Object FOUND = find();

    private static Object find() {
      String wanted = System.getProperty("dev.procdesc.backend", "");
      List<String> refusals = new ArrayList<>();
      for (Backend backend : ServiceLoader.load(Backend.class, Platform.class.getClassLoader())) {
        if (!wanted.isEmpty() && !wanted.equals(backend.name())) {
          refusals.add(backend.name() + ": not the one of -Ddev.procdesc.backend=" + wanted);
          continue;
        }
        var unavailable = backend.unavailable();
        if (unavailable.isEmpty()) {
          return new Platform(backend);
        }
        refusals.add(backend.name() + ": " + unavailable.get());
      }
      return refusals.isEmpty()
          ? "no backend is on the class or module path; add the artifact dev.procdesc:procdesc-<system>"
              + " for this system, where there is one"
          : "no backend works here; " + String.join("; ", refusals);
    }
  }

  private static String javaSystem() {
    return System.getProperty("os.name")
        + " "
        + System.getProperty("os.version")
        + " "
        + System.getProperty("os.arch");
  }

  /**
   * The name of the backend.
   *
   * @return such as {@code linux}
   */
  public String name() {
    return backend.name();
  }

  /**
   * The system, its kernel's version and the machine.
   *
   * @return such as {@code Linux 6.12.41 x86_64}
   */
  public String system() {
    return backend.system();
  }

  /**
   * The features that are there.
   *
   * @return unmodifiable
   */
  public Set<Feature> features() {
    Set<Feature> present = EnumSet.noneOf(Feature.class);
    for (FeatureReport report : reports()) {
      if (report.present()) {
        present.add(report.feature());
      }
    }
    return Collections.unmodifiableSet(present);
  }

  /**
   * Whether a feature is there.
   *
   * @param feature which
   * @return true if calls that need it work
   */
  public boolean has(Feature feature) {
    return report(feature).present();
  }

  /**
   * Whether a feature is there and how that was found out.
   *
   * @param feature which
   * @return the report
   */
  public FeatureReport report(Feature feature) {
    Objects.requireNonNull(feature, "feature");
    try {
      return backend.report(feature);
    } catch (RuntimeException | LinkageError e) {
      // Asking must not fail: what cannot be found out is absent, and says why.
      return new FeatureReport(feature, false, "asking failed: " + e, "an answer of the system");
    }
  }

  /**
   * Every feature, present or absent.
   *
   * @return in the order of {@link Feature}
   */
  public List<FeatureReport> reports() {
    List<FeatureReport> reports = new ArrayList<>();
    for (Feature feature : Feature.values()) {
      reports.add(report(feature));
    }
    return Collections.unmodifiableList(reports);
  }

  /**
   * The mechanisms that the backend knows, those it would use first first.
   *
   * @return unmodifiable
   */
  public List<Mechanism> mechanisms() {
    return backend.mechanisms();
  }

  /**
   * By what means {@link OnClose#KILL} holds when this JVM dies.
   *
   * @return {@link DeathGuard#NONE} where {@link Feature#KILL_ON_JVM_DEATH} is absent
   */
  public DeathGuard deathGuard() {
    return backend.deathGuard();
  }

  /**
   * Gives up, for all threads of this JVM and for good, to act on other processes in any way but
   * through descriptors that it holds. Spawning, waiting, signalling, sending and receiving
   * descriptors go on working, and so does the JVM. <b>It cannot be undone.</b>
   *
   * <p>Linux: no-new-privileges and a seccomp filter over all threads. With EPERM it refuses every
   * system call that names another process by PID or reaches into one: {@code kill}, {@code tkill},
   * {@code tgkill}, {@code rt_sigqueueinfo}, {@code wait4} and {@code waitid} by PID,
   * {@code pidfd_open}, {@code ptrace}, {@code process_vm_readv} and its kin, {@code kcmp},
   * {@code pidfd_getfd}, {@code setpriority}, {@code sched_set*}, {@code prlimit}, {@code setpgid},
   * {@code io_uring_setup} and some more, unless they name this JVM itself. What the caller should
   * know:
   *
   * <ul>
   *   <li>{@link ProcessBuilder} and {@link ProcessHandle} name processes by PID and work no more.
   *       {@link ProcessDescriptor#open(long)} is refused, {@link ProcessDescriptor#self()} is not.
   *   <li>Children inherit it: a shell's {@code kill} and {@code wait} fail in them, and
   *       set-user-ID programs give no privileges any more.
   *   <li>Files are another door: {@code /proc/PID/mem}, {@code cgroup.procs}. Only
   *       {@link DescriptorOnly#FILES} shuts it.
   *   <li>Before Linux 6.5 a spawn with {@link OnClose#KILL} needs {@code unshare}, which some
   *       containers refuse; it fails then.
   * </ul>
   *
   * <p>FreeBSD: {@code cap_enter}, which does to every global name what is done to PIDs here: to
   * programs and files too, whether asked for or not.
   *
   * <p>It may be called again, to give up more. It holds for all threads when it returns. Threads
   * may call it at the same time.
   *
   * @param also what else is to be reached through descriptors alone; nothing is the default
   * @throws ProcessDescriptorException if the system refuses; EINVAL if a thread of this JVM has a
   *     seccomp filter of its own. The no-new-privileges of the calling thread may be set then
   * @throws UnsupportedFeatureException without {@link Feature#DESCRIPTOR_ONLY_MODE}; or for
   *     {@link DescriptorOnly#PROGRAMS} on Linux, where children are created by the C library
   * @see <a href="https://man7.org/linux/man-pages/man2/seccomp.2.html">seccomp(2)</a>
   * @see <a
   *     href="https://man.freebsd.org/cgi/man.cgi?query=cap_enter&amp;sektion=2">cap_enter(2)</a>
   */
  public void enterDescriptorOnlyMode(DescriptorOnly... also) throws ProcessDescriptorException {
    Set<DescriptorOnly> wanted = EnumSet.noneOf(DescriptorOnly.class);
    Collections.addAll(wanted, also);
    backend.enterDescriptorOnlyMode(Collections.unmodifiableSet(wanted));
  }

  /**
   * Whether this JVM has entered the descriptor-only mode.
   *
   * @return true from then on; false if only a parent of it has
   */
  public boolean inDescriptorOnlyMode() {
    return backend.descriptorOnlyMode().isPresent();
  }

  /**
   * Whether this JVM has entered the descriptor-only mode with this in it.
   *
   * @param also what was given up too
   * @return true from then on, on FreeBSD whether it was asked for or not; false if only a parent
   *     of this JVM has
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
