package dev.procdesc.posix.backend;

import dev.procdesc.posix.io.Threads;

/**
 * Loads the classes of a first spawn, in a thread beside it.
 *
 * <p>A cold JVM takes a third of its first spawn to start jffi, and two fifths to load classes. A
 * second processor does the latter meanwhile. The classes are not initialized, so none of their
 * code runs, and no two threads can wait for each other's initialization.
 */
public final class Preload implements Runnable {
  /** The classes that both backends need after the start of jffi, in the order of their use. */
  static final String SHARED = """
      dev.procdesc.posix.spawn.ChildScript$Purpose
      dev.procdesc.SpawnException$Step
      dev.procdesc.posix.ffi.SocketNumbers
      dev.procdesc.posix.ffi.PosixNumbers
      dev.procdesc.posix.ffi.SetupNumbers
      dev.procdesc.posix.ffi.TerminalNumbers
      dev.procdesc.spi.Since
      dev.procdesc.posix.ffi.SystemNumbers
      dev.procdesc.posix.ffi.SystemNumbers$Chosen
      dev.procdesc.posix.ffi.NativeFunction
      com.kenai.jffi.CallContext
      com.kenai.jffi.Invoker
      com.kenai.jffi.Invoker$SingletonHolder
      com.kenai.jffi.Platform$ArchHolder
      com.kenai.jffi.Platform$CPU
      com.kenai.jffi.Invoker$LP64
      com.kenai.jffi.ObjectParameterInvoker
      com.kenai.jffi.NativeObjectParameterInvoker
      com.kenai.jffi.HeapObjectParameterInvoker
      com.kenai.jffi.ObjectParameterInvoker$SingletonHolder
      com.kenai.jffi.Type
      com.kenai.jffi.Type$Builtin
      com.kenai.jffi.NativeType
      com.kenai.jffi.CallingConvention
      com.kenai.jffi.CallContextCache
      com.kenai.jffi.CallContextCache$SingletonHolder
      com.kenai.jffi.CallContextCache$Signature
      com.kenai.jffi.Type$TypeInfo
      com.kenai.jffi.CallContext$1
      com.kenai.jffi.CallContextCache$CallContextRef
      dev.procdesc.posix.ffi.Simulation
      com.kenai.jffi.LastError
      com.kenai.jffi.LastError$SingletonHolder
      dev.procdesc.posix.probe.Mechanisms
      dev.procdesc.posix.spawn.SpawnStub
      dev.procdesc.posix.ffi.LibC
      com.kenai.jffi.MemoryIO
      com.kenai.jffi.MemoryIO$CheckedNativeImpl
      com.kenai.jffi.MemoryIO$NativeImpl
      com.kenai.jffi.MemoryIO$NativeImpl32
      com.kenai.jffi.MemoryIO$NativeImpl64
      com.kenai.jffi.UnsafeMemoryIO
      com.kenai.jffi.UnsafeMemoryIO$UnsafeMemoryIO32
      com.kenai.jffi.UnsafeMemoryIO$UnsafeMemoryIO64
      com.kenai.jffi.MemoryIO$SingletonHolder
      dev.procdesc.posix.ffi.Mapping
      dev.procdesc.posix.probe.Mechanisms$Found
      dev.procdesc.posix.spawn.ChildScript
      dev.procdesc.posix.ffi.NativeArena
      dev.procdesc.posix.ffi.NativeArena$PoolLender
      dev.procdesc.posix.ffi.NativeMemory
      dev.procdesc.posix.ffi.Pool
      dev.procdesc.posix.ffi.NativeArena$Place
      dev.procdesc.posix.spawn.ChildScript$Written
      dev.procdesc.posix.spawn.SpawnStub$Run
      dev.procdesc.posix.ffi.Pooling
      dev.procdesc.posix.spawn.TerminalOpener
      dev.procdesc.posix.spawn.Launcher
      dev.procdesc.ProcessDescriptor
      dev.procdesc.ChildProcess
      dev.procdesc.posix.io.Watcher$Newborn
      dev.procdesc.SpawnException
      dev.procdesc.posix.process.ProcessOperations
      dev.procdesc.posix.spawn.Dispositions$Query
      dev.procdesc.posix.io.Watcher$IdleTask
      dev.procdesc.posix.spawn.SpawnRetry$Attempt
      dev.procdesc.posix.io.Watcher
      dev.procdesc.posix.io.Watcher$Watched
      dev.procdesc.posix.io.IdleTime
      dev.procdesc.posix.io.Deadline
      dev.procdesc.posix.io.Callbacks
      dev.procdesc.posix.process.ProcessOperations$Outcome
      dev.procdesc.ExitStatus
      dev.procdesc.StateChange
      dev.procdesc.posix.process.ProcessOperations$Task
      dev.procdesc.posix.process.SignalNames
      dev.procdesc.posix.spawn.Launcher$Operations
      dev.procdesc.posix.spawn.Dispositions
      dev.procdesc.posix.spawn.Dispositions$Snapshot
      dev.procdesc.posix.spawn.ReservedNumbers
      dev.procdesc.ClosedDescriptorException
      dev.procdesc.posix.process.ForeignProcesses
      dev.procdesc.posix.channel.DescriptorTransfer
      dev.procdesc.spi.Channels
      dev.procdesc.posix.recording.Recorder
      dev.procdesc.posix.ffi.Descriptors
      dev.procdesc.posix.spawn.ChildDescriptors
      dev.procdesc.posix.spawn.PreparedSpawn
      dev.procdesc.posix.spawn.Environment
      dev.procdesc.posix.ffi.SystemStrings
      dev.procdesc.posix.spawn.Users$Identity
      dev.procdesc.posix.spawn.PathSearch
      dev.procdesc.posix.spawn.SpawnRetry
      dev.procdesc.posix.channel.Sockets
      dev.procdesc.posix.io.OwnedDescriptor
      dev.procdesc.posix.io.OwnedNumbers
      dev.procdesc.posix.spawn.ChildSetup
      dev.procdesc.posix.io.OwnedDescriptor$Loan
      dev.procdesc.posix.io.EventQueue$Interest
      dev.procdesc.posix.io.Watcher$SocketWatch
      dev.procdesc.posix.io.Watcher$ExitHook
      dev.procdesc.posix.io.Threads
      dev.procdesc.posix.io.Watcher$Watch
      dev.procdesc.posix.io.Watcher$Events
      dev.procdesc.spi.Program$Descriptor
      dev.procdesc.posix.probe.Uname
      dev.procdesc.posix.spawn.Launcher$Launched
      dev.procdesc.posix.process.CloseAction
      dev.procdesc.posix.process.ProcessState
      dev.procdesc.Right
      dev.procdesc.posix.process.Life
      dev.procdesc.posix.process.Completion
      dev.procdesc.posix.process.ProcessOperations$Outcome$Running
      dev.procdesc.posix.process.StateListeners
      dev.procdesc.posix.process.ProcessDescriptorImpl
      dev.procdesc.posix.process.ChildProcessImpl
      dev.procdesc.posix.io.InterruptiblePoll$Waiter
      dev.procdesc.posix.process.ProcessReference
      dev.procdesc.MissingRightException
      dev.procdesc.posix.process.ProcessDescriptorImpl$Forgotten
      dev.procdesc.posix.io.Unreachable
      dev.procdesc.posix.io.Unreachable$Registration
      dev.procdesc.posix.io.Unreachable$Cleanup
      dev.procdesc.posix.process.ProcessOperations$Outcome$Ended
      dev.procdesc.posix.io.InterruptiblePoll
      dev.procdesc.posix.io.Interrupts
      dev.procdesc.posix.io.InterruptiblePoll$InterruptTrap
      dev.procdesc.posix.io.InterruptiblePoll$Result
      dev.procdesc.ExitStatus$Exited
      dev.procdesc.posix.process.CloseAction$Effect""";

  private final Class<?> backend;
  private final String own;

  private Preload(Class<?> backend, String own) {
    this.backend = backend;
    this.own = own;
  }

  /**
   * Begins to load the classes, unless the system property {@code dev.procdesc.preload} is
   * {@code false}.
   *
   * @param backend the backend, whose loader loads its own classes
   * @param own the names of its own classes, one in each line
   */
  public static void begin(Class<?> backend, String own) {
    if (Boolean.parseBoolean(System.getProperty("dev.procdesc.preload", "true"))) {
      try {
        Threads.startDaemon("procdesc-preload", new Preload(backend, own));
      } catch (OutOfMemoryError e) {
        // No thread is free: the spawn loads its classes itself.
        return;
      }
    }
  }

  @Override
  public void run() {
    try {
      load(SHARED, Preload.class.getClassLoader());
      load(own, backend.getClassLoader());
    } catch (ClassNotFoundException | LinkageError e) {
      // The spawn finds out by itself, and reports what is missing.
      return;
    }
  }

  private static void load(String names, ClassLoader loader) throws ClassNotFoundException {
    for (String name : names.split("\n", -1)) {
      Class.forName(name, false, loader);
    }
  }
}
