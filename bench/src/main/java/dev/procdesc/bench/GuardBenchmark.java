package dev.procdesc.bench;

import dev.procdesc.DeathGuard;
import dev.procdesc.OnClose;
import dev.procdesc.Platform;
import dev.procdesc.Spawner;
import java.util.List;

/** Measures the cost that kill-on-close adds to a spawn. */
final class GuardBenchmark implements Benchmark {
  /** The reason for an absent result on a system without a death guard. */
  static final Missing ABSENT = Missing.notRun("Platform.deathGuard() is NONE");

  private static final String WHAT = "spawn + wait, kill-on-close";
  private static final String PEER = "released child";

  @Override
  public List<Row> run(Context context) throws Exception {
    if (Platform.current().deathGuard() == DeathGuard.NONE) {
      return List.of(Row.without(WHAT, PEER, ABSENT));
    }
    Turns turns = new Turns();
    Spawner guarded = Spawner.of(Spawns.PROGRAM).onClose(OnClose.KILL);
    Measurement ours = turns.addOnce(() -> Spawns.procdesc(guarded));
    Measurement released = turns.addOnce(() -> Spawns.procdesc(Spawns.RELEASED));
    turns.run(
        context.options().sized(1000, 10_000),
        context.options().sized(10, 60),
        context.options().sized(20, 50));
    return List.of(
        Row.of(WHAT, Unit.NANOSECONDS, ours, PEER, released, new Budget(Budget.Kind.RATIO, 1.1)));
  }
}
