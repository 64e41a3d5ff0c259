package dev.procdesc.posix.process;

import dev.procdesc.InheritedDescriptor;
import dev.procdesc.InheritedDescriptors;
import dev.procdesc.ProcessDescriptor;
import dev.procdesc.ProcessDescriptorException;
import dev.procdesc.posix.io.OwnedDescriptor;
import dev.procdesc.spi.Announcement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** The descriptors with which this JVM was started, while they are taken; by their positions. */
final class Inheritance {
  private final ForeignProcesses calls;
  private final Announcement announced;
  private final List<String> names;
  private final Set<Integer> processes = new TreeSet<>();

  /** The lifelines of processes, by the positions of the processes. */
  private final Map<Integer, Integer> lifelines = new HashMap<>();

  Inheritance(ForeignProcesses calls, Announcement announced) {
    this.calls = calls;
    this.announced = announced;
    this.names = announced.names();
  }

  private static int fd(int position) {
    return Announcement.FIRST + position;
  }

  List<InheritedDescriptor> take() throws ProcessDescriptorException {
    checkOpen();
    for (int i = 0; i < names.size(); i++) {
      Claims.closeOnExec(fd(i));
    }
    for (int i = 0; i < names.size(); i++) {
      if (calls.isProcess(fd(i))) {
        processes.add(i);
      }
    }
    findLifelines();
    List<InheritedDescriptor> taken = new ArrayList<>();
    try (Claims claims = new Claims("")) {
      Map<Integer, Claimed> claimed = claimAll(claims);
      for (int i = 0; i < names.size(); i++) {
        String name = names.get(i);
        Optional<Claimed> process = Optional.ofNullable(claimed.get(i));
        if (process.isPresent()) {
          ProcessDescriptor descriptor =
              calls.wrap(process.get().process(), process.get().lifeline());
          taken.add(new InheritedDescriptor.OfProcess(name, descriptor));
        } else if (!lifelines.containsValue(i)) {
          taken.add(new InheritedDescriptor.Other(name, fd(i), calls.type(fd(i))));
        }
      }
      claims.keep();
    }
    return taken;
  }

  /** Checks all descriptors before one is changed. */
  private void checkOpen() throws ProcessDescriptorException {
    for (int i = 0; i < names.size(); i++) {
      // What has survived exec is not close-on-exec, unless code of this JVM has made it so.
      if (Claims.isCloseOnExec(fd(i)) && !announced.addressed()) {
        throw new IllegalStateException("descriptor " + fd(i) + ", one of LISTEN_FDS="
            + names.size() + ", was not inherited, or was taken by other code: it is close-on-exec."
            + " LISTEN_PID is absent, so the variables may be those of a parent process");
      }
    }
  }

  private record Claimed(OwnedDescriptor process, Optional<OwnedDescriptor> lifeline) {}

  /** Claims all processes and lifelines before one is wrapped. */
  private Map<Integer, Claimed> claimAll(Claims claims) throws ProcessDescriptorException {
    Map<Integer, Claimed> all = new HashMap<>();
    for (int i : processes) {
      OwnedDescriptor process = claims.claim(fd(i), Adopter.PROCESS);
      Optional<Integer> end = Optional.ofNullable(lifelines.get(i));
      Optional<OwnedDescriptor> lifeline = end.isPresent()
          ? Optional.of(claims.claim(fd(end.get()), Adopter.LIFELINE))
          : Optional.empty();
      all.put(i, new Claimed(process, lifeline));
    }
    return all;
  }

  private void findLifelines() {
    for (int i : processes) {
      if (isLifelineOf(i + 1, names.get(i))) {
        lifelines.put(i, i + 1);
      }
    }
    if (announced.named()) {
      for (int i : processes) {
        if (!lifelines.containsKey(i)) {
          findFarLifeline(names.get(i));
        }
      }
    }
  }

  /**
   * Finds a lifeline that does not follow its process, such as one that a service manager has
   * stored.
   */
  private void findFarLifeline(String name) {
    List<Integer> candidates = new ArrayList<>();
    for (int i = 0; i < names.size(); i++) {
      if (isLifelineOf(i, name) && !lifelines.containsValue(i)) {
        candidates.add(i);
      }
    }
    List<Integer> without = processes.stream()
        .filter(i -> names.get(i).equals(name) && !lifelines.containsKey(i))
        .toList();
    if (candidates.isEmpty()) {
      return;
    }
    if (candidates.size() > 1 || without.size() > 1) {
      throw new IllegalStateException("it is not clear which lifeline belongs to which process: "
          + without.size() + " processes are named " + name + ", and " + candidates.size()
          + " lifelines that follow none of them " + name + InheritedDescriptors.LIFELINE);
    }
    lifelines.put(without.get(0), candidates.get(0));
  }

  private boolean isLifelineOf(int position, String name) {
    return position < names.size()
        && !processes.contains(position)
        && (!announced.named() || names.get(position).equals(name + InheritedDescriptors.LIFELINE))
        && calls.isLifeline(fd(position));
  }
}
