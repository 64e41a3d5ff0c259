package dev.procdesc.cli;

/** A class that {@link LazyApp} loads late, from a directory. */
final class LazyPart implements Runnable {
  /** Creates the part. */
  LazyPart() {}

  @Override
  public void run() {
    System.out.println("class");
  }
}
