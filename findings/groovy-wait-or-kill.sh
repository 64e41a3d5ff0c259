#!/bin/sh
# Groovy 5.1.3: Process.waitForOrKill(millis) does not kill, and returns only when the process has ended by itself.
#
# Expected: the method waits for the given time and then stops the process, which has ended shortly after that time.
# Observed (JDK 17 and 25, x86-64 Linux): after the time it calls Process.destroy() once, which sends SIGTERM, and then
# waits for the process without a limit. A process that ignores the signal runs to its own end, here two seconds after
# the limit, and its exit value is that of a success.
#
# Exit status: 0 as described, 1 the behaviour has changed, 2 cannot run here.
set -eu

here=$(cd "$(dirname "$0")" && pwd -P)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 2' HUP INT TERM

java=${JAVA_HOME:+$JAVA_HOME/bin/}java
cat >"$work/WaitOrKill.java" <<'JAVA'
import java.nio.file.Files;
import java.nio.file.Path;
import org.codehaus.groovy.runtime.ProcessGroovyMethods;

public class WaitOrKill {
  public static void main(String[] arguments) throws Exception {
    run("exec sleep 3");
    run("trap '' TERM; sleep 3; mkdir end");
  }

  private static void run(String script) throws Exception {
    Process process = new ProcessBuilder("sh", "-c", script).start();
    ProcessGroovyMethods.waitForOrKill(process, 1000);
    System.out.println(script + ": exit value " + process.exitValue() + ", ran to its end "
        + Files.exists(Path.of("end")));
  }
}
JAVA

classpath=$("$here/classpath" org.apache.groovy:groovy:5.1.3 "$work") || exit 2
cd "$work"
"$java" -cp "$classpath" "$work/WaitOrKill.java" >"$work/output" || exit 2
cat "$work/output"
expected='exec sleep 3: exit value 143, ran to its end false
trap '\'''\'' TERM; sleep 3; mkdir end: exit value 0, ran to its end true'
[ "$(cat "$work/output")" = "$expected" ] || { echo 'the behaviour has changed' >&2; exit 1; }
