package dev.procdesc.cli;

import dev.procdesc.Platform;
import picocli.CommandLine.IVersionProvider;

/** The library's version, from the JAR's manifest. */
final class Version implements IVersionProvider {
  @Override
  public String[] getVersion() {
    return new String[] {"pd (procdesc) " + library(), java()};
  }

  static String library() {
    String version = Platform.class.getPackage().getImplementationVersion();
    return version == null ? "unpackaged" : version;
  }

  static String java() {
    return "Java "
        + System.getProperty("java.runtime.version")
        + " ("
        + System.getProperty("java.vendor")
        + ", "
        + System.getProperty("java.vm.name")
        + ")";
  }
}
