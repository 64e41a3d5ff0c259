package dev.procdesc.posix.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** Tests that each transition happens from its states only. */
final class LifeTest {
  private static void check(UnaryOperator<Life> transition, Map<Life, Life> expected) {
    for (Life state : Life.values()) {
      if (expected.containsKey(state)) {
        assertEquals(expected.get(state), transition.apply(state));
      } else {
        assertThrows(IllegalStateException.class, () -> transition.apply(state), state.name());
      }
    }
  }

  @Test
  void transitionsHappenFromTheirStatesOnly() {
    check(Life::close, Map.of(Life.OPEN, Life.CLOSING));
    check(life -> life.release(false), Map.of(Life.CLOSING, Life.RELEASED));
    check(life -> life.release(true), Map.of(Life.CLOSING, Life.GONE));
    check(Life::drop, Map.of(Life.CLOSING, Life.GONE));
    Map<Life, Life> end = new EnumMap<>(Life.class);
    List.of(Life.OPEN, Life.CLOSING, Life.GONE).forEach(life -> end.put(life, life));
    end.put(Life.RELEASED, Life.GONE);
    check(Life::end, end);
  }

  @Test
  void theCloseAndTheEndMayComeInAnyOrder() {
    assertEquals(Life.GONE, Life.OPEN.end().close().release(true));
    assertEquals(Life.GONE, Life.OPEN.close().end().release(true));
    assertEquals(Life.GONE, Life.OPEN.close().release(false).end());
  }
}
