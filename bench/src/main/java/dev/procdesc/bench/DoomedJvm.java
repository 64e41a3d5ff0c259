package dev.procdesc.bench;

import dev.procdesc.ChildProcess;
import dev.procdesc.OnClose;
import dev.procdesc.SpawnException;
import dev.procdesc.Spawner;
import java.util.ArrayList;
import java.util.List;

/** A JVM that starts many children, prints their number, and waits to be killed. */
final class DoomedJvm {
  private DoomedJvm() {}

  /**
   * Runs the JVM.
   *
   * @param args the number of children, then the command of each
   * @throws Exception if anything fails
   */
  public static void main(String[] args) throws Exception {
    int wanted = Integer.parseInt(args[0]);
    Spawner spawner = LiveChildren.spawner(args).onClose(OnClose.KILL);
    List<ChildProcess> children = new ArrayList<>();
    while (children.size() < wanted) {
      try {
        children.add(spawner.spawn());
      } catch (SpawnException e) {
        if (children.isEmpty()) {
          throw e;
        }
        System.err.println("stopped at " + children.size() + " children: " + e.getMessage());
        break;
      }
    }
    System.out.println(children.size());
    // End of file means that the benchmark, which should kill this JVM, has exited: then this JVM
    // exits too.
    while (System.in.read() >= 0) {
      // The benchmark writes nothing.
    }
    children.forEach(ChildProcess::close);
  }
}
