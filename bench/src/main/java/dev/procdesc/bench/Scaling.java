package dev.procdesc.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The time of a spawn and the wait for it as a function of a condition of the parent.
 *
 * @param name a short name, for files and programs
 * @param axis the condition, with its unit
 * @param points the measurements, in the order of the condition
 */
record Scaling(String name, String axis, List<Point> points) {
  static final String PROCDESC = "procdesc";
  static final String C = "C vfork + execve";
  static final String JDK = "ProcessBuilder";

  /**
   * The measurements under one condition.
   *
   * @param x the condition as a number
   * @param label the condition in words
   * @param peers the measurements of the library and its peers
   */
  record Point(double x, String label, List<Peer> peers) {
    Measurement of(String name) {
      return peers.stream()
          .filter(peer -> peer.name().equals(name))
          .map(Peer::measurement)
          .findFirst()
          .orElseThrow();
    }
  }

  /**
   * A measurement of one peer.
   *
   * @param name the name of the peer
   * @param measurement the times in nanoseconds
   */
  record Peer(String name, Measurement measurement) {}

  /** Returns the names of the library and its peers, in the order of the plot. */
  static List<String> names() {
    return List.of(PROCDESC, C, JDK);
  }

  /** Returns the title of the plot. */
  String title() {
    return "Time of spawn + wait, by " + axis;
  }

  /** Returns the measurements as rows of the table. */
  List<Row> rows() {
    List<Row> rows = new ArrayList<>();
    for (Point point : points) {
      String what = String.format(Locale.ROOT, "spawn + wait, %s", point.label());
      Measurement ours = point.of(PROCDESC);
      rows.add(Row.of(what, Unit.NANOSECONDS, ours, C, point.of(C), Budget.Kind.RATIO));
      rows.add(Row.of(what, Unit.NANOSECONDS, ours, JDK, point.of(JDK), Budget.Kind.SPEEDUP));
    }
    return rows;
  }
}
