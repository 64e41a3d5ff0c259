#!/bin/sh
# jnr-posix 3.2.5: POSIX.getpgid() without an argument fails.
#
# Expected: the process group of the calling process, as getpgid(0) and getpgrp() return it.
# Observed (JDK 17 and 25, x86-64 Linux, glibc 2.36): -1 with ESRCH (3), at every call. The method calls
# the C function getpgid(pid_t) without its argument, so that the C function reads a pid from a register
# that the caller did not set. getpgid(0) and getpgrp() work.
#
# Exit status: 0 as described, 1 the behaviour has changed, 2 cannot run here.
set -eu

here=$(cd "$(dirname "$0")" && pwd -P)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 2' HUP INT TERM

java=${JAVA_HOME:+$JAVA_HOME/bin/}java
cat >"$work/pom.xml" <<'POM'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>findings</groupId>
  <artifactId>jnr-posix-getpgid</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>com.github.jnr</groupId>
      <artifactId>jnr-posix</artifactId>
      <version>3.2.5</version>
    </dependency>
  </dependencies>
</project>
POM
cat >"$work/Getpgid.java" <<'JAVA'
import jnr.posix.POSIX;
import jnr.posix.POSIXFactory;

public class Getpgid {
  public static void main(String[] arguments) {
    POSIX posix = POSIXFactory.getNativePOSIX();
    posix.errno(0);
    int without = posix.getpgid();
    int errno = posix.errno();
    System.out.println("getpgid() returned " + without + ", errno " + errno);
    System.out.println("getpgid(0) equals getpgrp(): " + (posix.getpgid(0) == posix.getpgrp()));
  }
}
JAVA

"$here/../mvnw" -q -B -ntp -f "$work/pom.xml" \
    org.apache.maven.plugins:maven-dependency-plugin:3.8.1:build-classpath \
    -Dmdep.outputFile="$work/classpath" >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 2; }
"$java" --enable-native-access=ALL-UNNAMED -cp "$(cat "$work/classpath")" "$work/Getpgid.java" \
    >"$work/output" || exit 2
cat "$work/output"
expected='getpgid() returned -1, errno 3
getpgid(0) equals getpgrp(): true'
[ "$(cat "$work/output")" = "$expected" ] || { echo 'the behaviour has changed' >&2; exit 1; }
