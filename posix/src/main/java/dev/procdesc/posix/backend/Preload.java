package dev.procdesc.posix.backend;

import com.kenai.jffi.Library;
import dev.procdesc.Platform;
import dev.procdesc.posix.io.Threads;

/**
 * Loads classes that a first spawn is about to need, in another thread.
 *
 * <p>A cold JVM takes a third of its first spawn to start jffi. A second processor loads classes
 * meanwhile that the spawn needs next. They are not initialized, so none of their code runs, and no
 * two threads can wait for each other's initialization.
 */
public final class Preload implements Runnable {
  /** The classes of jffi after its start, in the order of their use. */
  static final String OF_JFFI = """
      CallContext
      Invoker
      Invoker$SingletonHolder
      Platform$ArchHolder
      Platform$CPU
      Invoker$LP64
      ObjectParameterInvoker
      NativeObjectParameterInvoker
      HeapObjectParameterInvoker
      ObjectParameterInvoker$SingletonHolder
      Type
      Type$Builtin
      NativeType
      CallingConvention
      CallContextCache
      CallContextCache$SingletonHolder
      CallContextCache$Signature
      Type$TypeInfo
      CallContext$1
      CallContextCache$CallContextRef
      LastError
      LastError$SingletonHolder
      MemoryIO
      MemoryIO$CheckedNativeImpl
      MemoryIO$NativeImpl
      MemoryIO$NativeImpl32
      MemoryIO$NativeImpl64
      UnsafeMemoryIO
      UnsafeMemoryIO$UnsafeMemoryIO32
      UnsafeMemoryIO$UnsafeMemoryIO64
      MemoryIO$SingletonHolder""";

  /** The classes of the library that both backends need after the start of jffi. */
  static final String SHARED = """
      posix.spawn.ChildScript$Purpose
      SpawnException$Step
      posix.ffi.SocketNumbers
      posix.ffi.PosixNumbers
      posix.ffi.SetupNumbers
      posix.ffi.TerminalNumbers
      spi.Since
      posix.ffi.SystemNumbers
      posix.ffi.SystemNumbers$Chosen
      posix.ffi.NativeFunction
      posix.ffi.Simulation
      posix.probe.Mechanisms
      posix.spawn.SpawnStub
      posix.ffi.LibC
      posix.ffi.Mapping
      posix.probe.Mechanisms$Found
      posix.spawn.ChildScript
      posix.ffi.NativeArena
      posix.ffi.NativeArena$PoolLender
      posix.ffi.NativeMemory
      posix.ffi.Pool
      posix.ffi.NativeArena$Place
      posix.spawn.ChildScript$Written
      posix.spawn.SpawnStub$Run
      posix.ffi.Pooling
      posix.spawn.TerminalOpener
      posix.spawn.Launcher
      ProcessDescriptor
      ChildProcess
      posix.io.Watcher$Newborn
      SpawnException
      posix.process.ProcessOperations
      posix.spawn.Dispositions$Query
      posix.io.Watcher$IdleTask
      posix.spawn.SpawnRetry$Attempt
      posix.io.Watcher
      posix.io.Watcher$Watched
      posix.io.IdleTime
      posix.io.Deadline
      posix.io.Callbacks
      posix.process.ProcessOperations$Outcome
      ExitStatus
      StateChange
      posix.process.ProcessOperations$Task
      posix.process.SignalNames
      posix.spawn.Launcher$Operations
      posix.spawn.Dispositions
      posix.spawn.Dispositions$Snapshot
      posix.spawn.ReservedNumbers
      ClosedDescriptorException
      posix.process.ForeignProcesses
      posix.channel.DescriptorTransfer
      spi.Channels
      posix.recording.Recorder
      posix.ffi.Descriptors
      posix.spawn.ChildDescriptors
      posix.spawn.PreparedSpawn
      posix.spawn.Environment
      posix.ffi.SystemStrings
      posix.spawn.Users$Identity
      posix.spawn.PathSearch
      posix.spawn.SpawnRetry
      posix.channel.Sockets
      posix.io.OwnedDescriptor
      posix.io.OwnedNumbers
      posix.spawn.ChildSetup
      posix.io.OwnedDescriptor$Loan
      posix.io.EventQueue$Interest
      posix.io.Watcher$SocketWatch
      posix.io.Watcher$ExitHook
      posix.io.Threads
      posix.io.Watcher$Watch
      posix.io.Watcher$Events
      spi.Program$Descriptor
      posix.probe.Uname
      posix.spawn.Launcher$Launched
      posix.process.CloseAction
      posix.process.ProcessState
      Right
      posix.process.Life
      posix.process.Completion
      posix.process.ProcessOperations$Outcome$Running
      posix.process.StateListeners
      posix.process.ProcessDescriptorImpl
      posix.process.ChildProcessImpl
      posix.io.InterruptiblePoll$Waiter
      posix.process.ProcessReference
      MissingRightException
      posix.process.ProcessDescriptorImpl$Forgotten
      posix.io.Unreachable
      posix.io.Unreachable$Registration
      posix.io.Unreachable$Cleanup
      posix.process.ProcessOperations$Outcome$Ended
      posix.io.InterruptiblePoll
      posix.io.Interrupts
      posix.io.InterruptiblePoll$InterruptTrap
      posix.io.InterruptiblePoll$Result
      ExitStatus$Exited
      posix.process.CloseAction$Effect""";

  private final Class<?> backend;
  private final String ofBackend;

  private Preload(Class<?> backend, String ofBackend) {
    this.backend = backend;
    this.ofBackend = ofBackend;
  }

  /**
   * Begins to load the classes, unless the system property {@code dev.procdesc.preload} is
   * {@code false}.
   *
   * @param backend the backend, whose loader loads its own classes
   * @param ofBackend the names of its classes, relative to its package, one in each line
   */
  public static void begin(Class<?> backend, String ofBackend) {
    if ("false".equalsIgnoreCase(System.getProperty("dev.procdesc.preload"))) {
      return;
    }
    try {
      Threads.startDaemon("procdesc-preload", new Preload(backend, ofBackend));
    } catch (RuntimeException | OutOfMemoryError e) {
      // No thread is free or permitted: the spawn loads its classes itself.
      return;
    }
  }

  @Override
  public void run() {
    // The packages come from classes, because a tool may have relocated them.
    load(Library.class, Library.class.getPackageName(), OF_JFFI);
    load(Preload.class, Platform.class.getPackageName(), SHARED);
    load(backend, backend.getPackageName(), ofBackend);
  }

  private static void load(Class<?> neighbor, String root, String names) {
    try {
      for (String name : names.split("\n", -1)) {
        Class.forName(root + '.' + name, false, neighbor.getClassLoader());
      }
    } catch (ClassNotFoundException | RuntimeException | Error e) {
      // Such as that of a loader that is closed. The spawn finds it out itself, and reports it.
      return;
    }
  }
}
