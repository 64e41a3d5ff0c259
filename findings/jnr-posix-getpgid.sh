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

classpath=$("$here/classpath" com.github.jnr:jnr-posix:3.2.5 "$work") || exit 2
"$java" --enable-native-access=ALL-UNNAMED -cp "$classpath" "$work/Getpgid.java" \
    >"$work/output" || exit 2
cat "$work/output"
expected='getpgid() returned -1, errno 3
getpgid(0) equals getpgrp(): true'
[ "$(cat "$work/output")" = "$expected" ] || { echo 'the behaviour has changed' >&2; exit 1; }
