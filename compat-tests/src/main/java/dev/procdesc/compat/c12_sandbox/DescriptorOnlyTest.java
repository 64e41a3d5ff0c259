package dev.procdesc.compat.c12_sandbox;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.procdesc.ChildProcess;
import dev.procdesc.DescriptorChannel;
import dev.procdesc.DescriptorOnly;
import dev.procdesc.ExitStatus.Exited;
import dev.procdesc.Feature;
import dev.procdesc.OnClose;
import dev.procdesc.Platform;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.Signal;
import dev.procdesc.SpawnException;
import dev.procdesc.Spawner;
import dev.procdesc.Stdio;
import dev.procdesc.UnsupportedFeatureException;
import dev.procdesc.compat.Contract;
import dev.procdesc.compat.Differences;
import dev.procdesc.compat.Origin;
import dev.procdesc.compat.Requires;
import dev.procdesc.compat.Tags;
import dev.procdesc.compat.support.ChildJvm;
import dev.procdesc.compat.support.ConcurrentCallers;
import dev.procdesc.compat.support.Descriptors;
import dev.procdesc.compat.support.Host;
import dev.procdesc.compat.support.KillMechanisms;
import dev.procdesc.compat.support.LeakCheck;
import dev.procdesc.compat.support.Libc;
import dev.procdesc.compat.support.PidCalls;
import dev.procdesc.compat.support.RawPipe;
import dev.procdesc.compat.support.Run;
import dev.procdesc.compat.support.Scenario;
import dev.procdesc.compat.support.TinyProgram;
import dev.procdesc.compat.support.VirtualThreads;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ThreadFactory;
import java.util.stream.Stream;
import jnr.constants.platform.Errno;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.junit.platform.commons.support.ReflectionSupport;

/** The descriptor-only mode, in JVMs of its own: it cannot be left. */
@ExtendWith(LeakCheck.class)
@Tag(Tags.JVM)
final class DescriptorOnlyTest {
  private static void enter() throws ProcessDescriptorException {
    assertFalse(Platform.current().inDescriptorOnlyMode());
    Platform.current().enterDescriptorOnlyMode();
    assertTrue(Platform.current().inDescriptorOnlyMode());
    Platform.current().enterDescriptorOnlyMode();
    assertTrue(Platform.current().inDescriptorOnlyMode());
  }

  @Test
  @Contract({"C10", "C12"})
  void whereThereIsNoneItSaysSo() {
    Requires.that(
        !Platform.current().has(Feature.DESCRIPTOR_ONLY_MODE), "a system without such a mode");
    var thrown = assertThrows(
        UnsupportedFeatureException.class, () -> Platform.current().enterDescriptorOnlyMode());
    assertEquals(Feature.DESCRIPTOR_ONLY_MODE, thrown.feature());
    assertFalse(Platform.current().inDescriptorOnlyMode());
  }

  private static void leavesOtherNamesAlone() {
    Requires.feature(Feature.DESCRIPTOR_ONLY_MODE);
    Requires.that(
        !Differences.descriptorOnlyModeRefusesEveryName(),
        "a mode that leaves other names alone; see CapabilityModeTest for the other");
  }

  @Test
  @Contract({"C10", "C12"})
  void everyCallByPidIsRefusedInEveryThread() {
    leavesOtherNamesAlone();
    PidCalls.require();
    ChildJvm.of(Probes.class).run();
  }

  /** Tries them all: in the thread that entered, in older and newer ones, and in virtual ones. */
  public static final class Probes implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      try (ChildProcess child = Run.cat().spawn();
          ConcurrentCallers<List<String>> older = new ConcurrentCallers<>(Thread::new);
          RawPipe go = RawPipe.open()) {
        int pid = (int) child.pid();
        assertFalse(PidCalls.allowed(pid).isEmpty(), "they work before");
        assertEquals(0, Host.C.kill(pid, 0));
        older.add(() -> {
          go.line();
          return PidCalls.allowed(pid);
        });
        older.awaitBlocked();
        enter();
        go.write("go\n");
        assertEquals(List.of(List.of()), older.results(), "in an older thread");
        assertEquals(List.of(), PidCalls.allowed(pid), "in this thread");
        assertEquals(List.of(), PidCalls.allowed(1));
        assertEquals(List.of(List.of()), in(Thread::new, pid), "in a newer thread");
        if (VirtualThreads.AVAILABLE) {
          assertEquals(List.of(List.of()), in(VirtualThreads.factory(), pid));
        }
        // Through the C library's own functions, in a host program's hands.
        assertEquals(-1, Host.C.kill(pid, 0));
        assertEquals(Errno.EPERM, Host.errno());
        assertEquals(-1, Host.C.waitpid(-1, new int[1], 1));
        assertEquals(Errno.EPERM, Host.errno());
        var thrown = assertThrows(
            ProcessDescriptorException.class, () -> ProcessDescriptor.open(child.pid()));
        assertEquals(Errno.EPERM.intValue(), thrown.errno());
        Run.assertEchoes(child);
      }
    }

    private static List<List<String>> in(ThreadFactory factory, int pid) throws Exception {
      try (ConcurrentCallers<List<String>> crowd = new ConcurrentCallers<>(factory)) {
        crowd.add(() -> PidCalls.allowed(pid));
        return crowd.results();
      }
    }
  }

  /** With each way in which a child tells who it is to what guards it. */
  static Stream<String> rungs() {
    return KillMechanisms.all();
  }

  @ParameterizedTest(name = "without {0}")
  @MethodSource("rungs")
  @Contract({"C1", "C4", "C6", "C10", "C12"})
  @Origin("capsicum-test: Pdfork.DaemonUnrestricted")
  void allThatGoesByDescriptorGoesOn(String without) {
    leavesOtherNamesAlone();
    KillMechanisms.without(without, ChildJvm.of(Works.class)).run();
  }

  /** Spawns, waits, signals, sends, receives: with a child from before and with later ones. */
  public static final class Works implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      ChildProcess before = Run.cat().spawn();
      enter();
      Run.assertEchoes(before);
      assertTrue(before.signal(Signal.TERM));
      assertEquals(Run.signaled(Signal.TERM), Run.end(before));
      before.close();
      for (OnClose onClose : new OnClose[] {OnClose.KILL, OnClose.RELEASE}) {
        try (ChildProcess child = Run.cat().onClose(onClose).spawn();
            DescriptorChannel.Pair pair = DescriptorChannel.pair();
            ProcessDescriptor copy = child.duplicate()) {
          Run.assertEchoes(child);
          pair.first().send(new byte[] {1}, copy);
          try (var message = pair.second().receive()) {
            ProcessDescriptor received = message.descriptors().get(0);
            assertTrue(received.isAlive());
            var end = received.onExit();
            assertTrue(received.kill());
            assertEquals(Run.signaled(Signal.KILL), Run.end(child));
            if (Platform.current().has(Feature.STATUS_FOR_ANY_HOLDER)) {
              assertEquals(Run.signaled(Signal.KILL), end.get());
            }
          }
          child.stdin().close();
          child.stdout().close();
        }
      }
      try (RawPipe pipe = RawPipe.open()) {
        ChildProcess child = Run.sh("exec sleep 1000").stdout(pipe.writer()).spawn();
        pipe.given();
        assertTrue(pipe.isHeld());
        child.close();
        pipe.awaitEnd();
      }
      Spawner full = Run.sh("exit 3").newProcessGroup().nice(1);
      try (ChildProcess child = full.stderr(Stdio.inherit()).spawn()) {
        assertEquals(new Exited(3), Run.end(child));
      }
      if (Platform.current().has(Feature.OPEN_PROCESS)) {
        try (ProcessDescriptor self = ProcessDescriptor.self()) {
          assertTrue(self.isAlive());
        }
      }
    }
  }

  @Test
  @Contract({"C10", "C12"})
  void onlyOpenProgramsAreExecuted() {
    leavesOtherNamesAlone();
    Requires.feature(Feature.SPAWN_BY_DESCRIPTOR);
    Requires.launchWithoutNames();
    ChildJvm.of(OpenPrograms.class).run();
  }

  /** Executes an open shell, which executes nothing else; and no program by its name. */
  public static final class OpenPrograms implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      int sh = Descriptors.open(Path.of("/bin/sh"));
      Platform platform = Platform.current();
      platform.enterDescriptorOnlyMode();
      Run.output(Run.sh("exec /bin/cat"));
      assertFalse(platform.inDescriptorOnlyMode(DescriptorOnly.PROGRAMS));
      platform.enterDescriptorOnlyMode(DescriptorOnly.PROGRAMS);
      platform.enterDescriptorOnlyMode();
      assertTrue(platform.inDescriptorOnlyMode(DescriptorOnly.PROGRAMS));
      for (String name : List.of("/bin/cat", "cat")) {
        SpawnException thrown = assertThrows(
            SpawnException.class, () -> Run.piped(Spawner.of(name)).spawn().close());
        assertEquals(SpawnException.Step.EXECUTE, thrown.step());
        assertEquals(Errno.EPERM.intValue(), thrown.errno());
        assertTrue(thrown.toString().contains("ofDescriptor"), thrown::toString);
      }
      for (OnClose onClose : new OnClose[] {OnClose.KILL, OnClose.RELEASE}) {
        Spawner shell =
            Run.piped(Spawner.ofDescriptor(sh, "sh", "-c", "read line; echo \"$line\"; read line"));
        try (ChildProcess child = shell.onClose(onClose).spawn()) {
          Run.assertEchoes(child);
          child.stdin().close();
          assertEquals(new Exited(1), Run.end(child));
        }
      }
      // What it executes is refused: 126, found and not to be executed.
      Spawner other = Run.piped(Spawner.ofDescriptor(sh, "sh", "-c", "exec /bin/cat"));
      try (ChildProcess child = other.spawn()) {
        assertEquals(new Exited(126), Run.end(child));
      }
    }
  }

  @Test
  @Contract({"C10", "C12"})
  void filesAreNotOpened(@TempDir Path directory) throws Exception {
    leavesOtherNamesAlone();
    Requires.feature(Feature.SPAWN_BY_DESCRIPTOR);
    TinyProgram.write(directory.resolve("program"));
    Files.writeString(directory.resolve("file"), "text");
    ChildJvm.of(OpenFiles.class, directory.toString())
        // What a JVM removes when it exits stays.
        .flag("-XX:-UsePerfData")
        .run();
    assertEquals("text", Files.readString(directory.resolve("file")));
    try (Stream<Path> all = Files.list(directory)) {
      assertEquals(2, all.count(), "nothing is made, renamed or removed");
    }
  }

  /** Opens no file, and works with those that are open. */
  public static final class OpenFiles implements Scenario {
    @Override
    public void run(String... arguments) throws Exception {
      Path directory = Path.of(arguments[0]);
      Path file = directory.resolve("file");
      // All that Java loads, it loads before.
      ReflectionSupport.findAllClassesInPackage("dev.procdesc", each -> true, name -> true);
      int program = Descriptors.open(directory.resolve("program"));
      try (ChildProcess earlier = Run.cat().spawn();
          SeekableByteChannel open = Files.newByteChannel(file)) {
        Platform platform = Platform.current();
        platform.enterDescriptorOnlyMode(DescriptorOnly.FILES);
        assertTrue(platform.inDescriptorOnlyMode(DescriptorOnly.FILES));
        for (Executable each : List.<Executable>of(
            () -> Files.newByteChannel(file).close(),
            () -> Files.readString(file),
            () -> Files.copy(file, directory.resolve("new")),
            () -> Files.createFile(directory.resolve("new")),
            () -> Files.createDirectory(directory.resolve("new")),
            () -> Files.createSymbolicLink(directory.resolve("new"), file),
            () -> Files.createLink(directory.resolve("new"), file),
            () -> Files.move(file, directory.resolve("new")),
            () -> Files.delete(file),
            () -> Files.setPosixFilePermissions(file, Set.of()))) {
          FileSystemException thrown = assertThrows(FileSystemException.class, each);
          assertTrue(
              String.valueOf(thrown.getReason()).contains("not permitted"), () -> "" + thrown);
        }
        assertEquals(4, open.size(), "what is open works");
        Run.assertEchoes(earlier);
        SpawnException thrown = assertThrows(
            SpawnException.class,
            () -> Spawner.ofDescriptor(program, "program")
                .stdout(Stdio.toFile(file))
                .spawn()
                .close());
        assertEquals(Errno.EPERM.intValue(), thrown.errno());
        for (OnClose onClose : new OnClose[] {OnClose.KILL, OnClose.RELEASE}) {
          Spawner tiny = Run.piped(Spawner.ofDescriptor(program, "program"));
          try (ChildProcess child = tiny.onClose(onClose).spawn()) {
            assertEquals(-1, child.stdout().read());
            assertEquals(new Exited(TinyProgram.EXIT_CODE), Run.end(child));
            assertEquals(new Exited(TinyProgram.EXIT_CODE), child.onExit().join());
          }
        }
        try (DescriptorChannel.Pair pair = DescriptorChannel.pair()) {
          pair.first().send(new byte[] {1}, earlier);
          try (var message = pair.second().receive()) {
            assertTrue(message.descriptors().get(0).kill());
          }
        }
        assertEquals(Run.signaled(Signal.KILL), Run.end(earlier));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "PROGRAMS,FILES"})
  @Contract("C12")
  void theJvmLivesOn(String also) {
    leavesOtherNamesAlone();
    Requires.feature(Feature.OPEN_PROCESS);
    if (!also.isEmpty()) {
      Requires.launchWithoutNames();
    }
    String output = ChildJvm.of(Lives.class, also)
        .flag("-XX:-UsePerfData")
        .flag("-XX:TieredStopAtLevel=4")
        .flag("-XX:-UseSerialGC")
        .flag("-XX:+UseParallelGC")
        .flag("-Xcomp")
        .flag("-XX:CompileCommand=quiet")
        .flag("-XX:CompileCommand=compileonly,*Lives::*")
        .run();
    assertTrue(output.contains("lives"), output);
  }

  /** Collects garbage, dumps its threads, loads and compiles classes. */
  public static final class Lives implements Scenario {
    private static long work(long seed) {
      long value = seed;
      for (int i = 0; i < 1000; i++) {
        value = value * 6364136223846793005L + 1442695040888963407L;
      }
      return value;
    }

    private static long collections() {
      return ManagementFactory.getGarbageCollectorMXBeans().stream()
          .mapToLong(GarbageCollectorMXBean::getCollectionCount)
          .sum();
    }

    private static void startThreads() throws Exception {
      try (ConcurrentCallers<String> crowd = new ConcurrentCallers<>(Thread::new)) {
        crowd.add(() -> Thread.currentThread().getName());
        assertEquals(1, crowd.results().size());
      }
    }

    /** The JVM prints its threads to descriptor 1; the last but the heap is about JNI. */
    private static void dumpThreads(int output) throws Exception {
      try (RawPipe pipe = RawPipe.open();
          ProcessDescriptor self = ProcessDescriptor.self()) {
        Libc.check(() -> Libc.C.dup2(pipe.writeEnd(), 1));
        assertTrue(self.signal(Signal.QUIT));
        List<String> dump = new ArrayList<>();
        do {
          dump.add(pipe.line());
        } while (!dump.get(dump.size() - 1).startsWith("JNI global refs"));
        Libc.check(() -> Libc.C.dup2(output, 1));
        assertTrue(dump.stream().anyMatch(line -> line.startsWith("Full thread dump")));
        assertTrue(dump.stream().anyMatch(line -> line.startsWith("\"main\"")));
      }
    }

    @Override
    public void run(String... arguments) throws Exception {
      int output = Libc.check(() -> Libc.C.dup(1)); // Loads the test's own native functions too.
      // A rehearsal: classes in a directory, unlike those in a JAR, cannot be loaded later.
      startThreads();
      dumpThreads(output);
      long before = collections();
      long compiled = ManagementFactory.getCompilationMXBean().getTotalCompilationTime();
      if (arguments[0].isEmpty()) {
        enter();
      } else {
        Platform.current()
            .enterDescriptorOnlyMode(Stream.of(arguments[0].split(",", -1))
                .map(DescriptorOnly::valueOf)
                .toArray(DescriptorOnly[]::new));
      }
      System.gc();
      List<byte[]> garbage = new ArrayList<>();
      for (int i = 0; i < 2000; i++) {
        garbage.add(new byte[100_000]);
        if (garbage.size() > 100) {
          garbage.clear();
        }
      }
      assertTrue(collections() > before);
      long value = 1;
      for (int i = 0; i < 50_000; i++) {
        value = work(value);
      }
      assertTrue(value != 0);
      assertTrue(ManagementFactory.getCompilationMXBean().getTotalCompilationTime() >= compiled);
      // A class that nothing has used before.
      assertEquals("Phaser", Class.forName("java.util.concurrent.Phaser").getSimpleName());
      startThreads();
      dumpThreads(output);
      System.out.println("lives");
    }
  }
}
