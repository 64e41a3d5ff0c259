package dev.procdesc.cli;

import dev.procdesc.DescriptorStore;
import dev.procdesc.InheritedDescriptors;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.Spawner;
import java.io.IOException;
import java.util.Optional;

/**
 * A command in the file descriptor store of a service manager.
 *
 * @param name its name in the store
 * @param store the store
 * @param taken the command that a predecessor of this process has started; empty if there is none
 */
record StoredCommand(String name, DescriptorStore store, Optional<ProcessDescriptor> taken) {
  /**
   * Takes the command from the store, if it is there and alive.
   *
   * @throws IOException if this process has no store
   */
  static StoredCommand of(String name) throws IOException {
    DescriptorStore store = DescriptorStore.ofNotifySocket()
        .orElseThrow(() -> new IOException("--store needs a service manager with a file descriptor"
            + " store: NOTIFY_SOCKET is not set, or FDSTORE is 0; in a unit of systemd, set"
            + " FileDescriptorStoreMax=2"));
    Optional<ProcessDescriptor> taken = InheritedDescriptors.take().process(name);
    if (taken.isPresent() && !taken.get().isAlive()) {
      Failure.tell(name + " has ended meanwhile");
      taken.get().close();
      store.remove(name);
      return new StoredCommand(name, store, Optional.empty());
    }
    return new StoredCommand(name, store, taken);
  }

  /** Takes the command over, or starts and stores it. */
  ProcessDescriptor takeOrStart(Spawner spawner) throws IOException {
    if (taken.isEmpty()) {
      return start(spawner);
    }
    Failure.tell("took over " + name + ", " + taken.get());
    return taken.get();
  }

  /** Removes the command, which has ended, from the store. */
  void remove() throws IOException {
    store.remove(name);
  }

  private ProcessDescriptor start(Spawner spawner) throws IOException {
    ProcessDescriptor command = spawner.spawn();
    boolean stored = false;
    try {
      store.put(name, command);
      stored = true;
      return command;
    } finally {
      if (!stored) {
        command.close();
      }
    }
  }
}
