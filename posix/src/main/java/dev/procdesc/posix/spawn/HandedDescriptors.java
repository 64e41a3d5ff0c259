package dev.procdesc.posix.spawn;

import dev.procdesc.InheritedDescriptors;
import dev.procdesc.Stdio;
import dev.procdesc.posix.process.ProcessDescriptorImpl;
import dev.procdesc.posix.process.ProcessReference;
import dev.procdesc.spi.Announcement;
import dev.procdesc.spi.PassedDescriptor;
import dev.procdesc.spi.Redirect;
import dev.procdesc.spi.SpawnRequest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The process descriptors and the named descriptors that a child gets. Only now it is known which
 * processes have a lifeline, which the child gets too, and so the numbers of the named ones and the
 * variables that announce them. The descriptors are lent until the spawn has ended.
 */
final class HandedDescriptors implements AutoCloseable {
  private final List<ProcessReference.Loan> loans = new ArrayList<>();
  private final Map<Integer, Stdio> descriptors = new LinkedHashMap<>();
  private final List<String> names = new ArrayList<>();

  private HandedDescriptors() {}

  /** Lends the processes of a request. From now on the child counts as a holder of each. */
  static HandedDescriptors of(SpawnRequest request) throws IOException {
    HandedDescriptors handed = new HandedDescriptors();
    boolean lent = false;
    try {
      for (Map.Entry<Integer, Stdio> entry : request.descriptors().entrySet()) {
        handed.give(entry.getKey(), entry.getValue());
      }
      for (PassedDescriptor passed : request.passed()) {
        int next = Announcement.FIRST + handed.names.size();
        handed.names.add(passed.name());
        if (handed.give(next, passed.source())) {
          handed.names.add(passed.name() + InheritedDescriptors.LIFELINE);
        }
      }
      lent = true;
      return handed;
    } finally {
      if (!lent) {
        handed.close();
      }
    }
  }

  /** Adds a descriptor; returns whether it has a lifeline, which has the next number. */
  private boolean give(int number, Stdio source) throws IOException {
    if (!(source instanceof Redirect.OfProcess handed)) {
      put(number, source);
      return false;
    }
    ProcessReference.Loan loan = ProcessDescriptorImpl.of(handed.process()).lend();
    loans.add(loan);
    put(number, Stdio.descriptor(loan.process().fd()));
    if (loan.lifeline().isEmpty()) {
      return false;
    }
    put(number + 1, Stdio.descriptor(loan.lifeline().get().fd()));
    return true;
  }

  private void put(int number, Stdio source) {
    if (descriptors.putIfAbsent(number, source) != null) {
      throw new IllegalArgumentException("descriptor " + number
          + " is given twice: passDescriptor uses the numbers from " + Announcement.FIRST
          + " on, and the number after a process is that of its lifeline");
    }
  }

  /** Returns the request with numbers for all descriptors. */
  SpawnRequest resolve(SpawnRequest request) {
    Map<String, Optional<String>> environment = request.environment();
    if (!names.isEmpty()) {
      environment = new LinkedHashMap<>(environment);
      for (String variable : Environment.LISTENING) {
        environment.put(variable, Optional.empty());
      }
      environment.put("LISTEN_FDS", Optional.of(String.valueOf(names.size())));
      environment.put("LISTEN_FDNAMES", Optional.of(String.join(":", names)));
    }
    return request.resolved(environment, descriptors);
  }

  @Override
  public void close() {
    loans.forEach(ProcessReference.Loan::close);
  }
}
