package dev.procdesc.compat.report;

import java.io.Serializable;
import java.util.Comparator;

/**
 * The order of the columns: the backend, its view, the control group.
 *
 * @param backend the name of the backend
 */
record SubjectOrder(String backend) implements Comparator<String>, Serializable {
  @Override
  public int compare(String left, String right) {
    return Comparator.comparingInt(this::rank)
        .thenComparing(Comparator.naturalOrder())
        .compare(left, right);
  }

  private int rank(String subject) {
    return subject.equals(backend) ? 0 : subject.equals("view") ? 1 : 2;
  }
}
