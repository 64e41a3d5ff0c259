#!/bin/sh
# OpenJDK 17 and 25: a JVM exits 0.3 s later while a child of ProcessBuilder runs.
#
# Expected: System.exit() ends the process at once when there is no shutdown hook and all other threads are
# daemons, whether a child runs or not.
# Observed (OpenJDK 17.0.15 and 25.0.3, x86-64 Linux): 5 to 20 ms without a child, or when the child has ended;
# 310 to 320 ms while one runs. For each running child a daemon thread ("process reaper") waits in a native
# call, and at exit HotSpot waits for such threads to return to Java, 300 ms at most. The children of
# NuProcess 3.0.0, which waits in native code in one thread for all, do not delay the exit (15 to 65 ms).
#
# Exit status: 0 as described, 1 the behaviour has changed, 2 cannot run here.
set -eu

here=$(cd "$(dirname "$0")" && pwd -P)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 2' HUP INT TERM

java=${JAVA_HOME:+$JAVA_HOME/bin/}java
# The child is ended by the end of its standard input, so that none is left behind.
cat >"$work/Exit.java" <<'JAVA'
import com.zaxxer.nuprocess.NuAbstractProcessHandler;
import com.zaxxer.nuprocess.NuProcessBuilder;

public class Exit {
  public static void main(String[] arguments) throws Exception {
    switch (arguments[0]) {
      case "none" -> {}
      case "jdk" -> new ProcessBuilder("cat").start();
      case "ended" -> {
        Process child = new ProcessBuilder("cat").start();
        child.getOutputStream().close();
        child.waitFor();
      }
      case "nuprocess" -> new NuProcessBuilder(new NuAbstractProcessHandler() {}, "cat").start();
      default -> throw new IllegalArgumentException(arguments[0]);
    }
    Thread.sleep(200); // The threads of the libraries have entered their native calls.
    System.out.println(System.currentTimeMillis());
    System.exit(0);
  }
}
JAVA

classpath=$("$here/classpath" com.zaxxer:nuprocess:3.0.0 "$work") || exit 2
"${java}c" -cp "$classpath" -d "$work" "$work/Exit.java" || exit 2

# The least of five, because a busy machine only adds to it.
exit_millis() {
  least=1000000
  for _ in 1 2 3 4 5; do
    called=$("$java" --enable-native-access=ALL-UNNAMED -cp "$work:$classpath" Exit "$1" 2>"$work/errors") ||
        { cat "$work/errors" >&2; exit 2; }
    taken=$(($(date +%s%3N) - called))
    [ "$taken" -ge "$least" ] || least=$taken
  done
  echo "$least"
}

status=0
"$java" -version 2>&1 | head -n 1
for child in none ended jdk nuprocess; do
  millis=$(exit_millis "$child") || exit 2
  echo "$child: the exit took $millis ms"
  case $child in
    none | ended | nuprocess) [ "$millis" -lt 200 ] || status=1 ;;
    *) [ "$millis" -ge 250 ] || status=1 ;;
  esac
done
[ "$status" -eq 0 ] || echo 'the behaviour has changed' >&2
exit "$status"
